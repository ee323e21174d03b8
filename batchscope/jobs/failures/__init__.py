"""Why an engine did not start, or ended: seen from outside while it starts, and read from its log."""
