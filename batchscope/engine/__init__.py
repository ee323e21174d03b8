"""What runs inside an engine environment: it imports vLLM, PyArrow, psutil and nothing of the workflow's.

The files that it reads and writes are described in ``docs/files.md``.
"""
