"""vLLM's server and its load, run with an engine environment's Python."""
