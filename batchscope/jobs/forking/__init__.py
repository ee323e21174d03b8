"""Engines that begin as copies of a process which has imported vLLM."""
