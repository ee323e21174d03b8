"""vLLM's server and the client that loads it."""
