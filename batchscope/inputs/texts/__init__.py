"""Where texts come from, and the files that hold them."""
