"""Matrix products of a model's linear layers on their own; run with an engine environment's Python."""
