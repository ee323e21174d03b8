"""Captures of a few engine steps under a profiler: taken, parsed into two tables, classed and compared.

It runs in the workflow's environment; what runs beside vLLM is `batchscope.profiler`.
"""
