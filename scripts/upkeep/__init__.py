"""Commands that keep the repository true to its code; no rule calls them."""
