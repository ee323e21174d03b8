"""A few engine steps under a profiler."""
