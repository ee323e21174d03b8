"""The published study's labels."""

CLASSES = ("positive", "negative")
"""What a review can be labelled there."""
