"""Where the time inside engine steps goes."""
