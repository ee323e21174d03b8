"""Profilers inside the engine: a window of engine steps, and the memory of a worker."""
