"""What runs inside an engine environment.

It imports vLLM, PyArrow, psutil, pynvml and tqdm, and of the workflow's modules only what `batchscope.jobs`
talks and watches with. The files that it reads and writes are described in ``docs/files.md``.
"""
