"""What runs inside an engine environment.

It imports vLLM, PyArrow, psutil, pynvml and tqdm, and nothing of the workflow's. The files that it reads and
writes are described in ``docs/files.md``.
"""
