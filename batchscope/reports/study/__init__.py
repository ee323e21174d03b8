"""A study: its sentences, its table beside the published one, its figure."""
