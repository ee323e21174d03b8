"""vLLM's server, and the client that sends it a load."""
