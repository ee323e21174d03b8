"""Captures under a profiler, seen from Snakemake's Python: planned, taken, parsed and classed."""
