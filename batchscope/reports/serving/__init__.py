"""vLLM's server under load."""
