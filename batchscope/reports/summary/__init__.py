"""All studies on one page."""
