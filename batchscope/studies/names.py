"""Names of runs: short, legal as folders on any file system, and unique within a study."""

import re
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from batchscope.common.canonical_json import canonical_json
from batchscope.config.workload import Workload
from batchscope.studies.axes import EXTRA, VARIABLES, Point

SHORT_LABELS = {
    "max_num_batched_tokens": "batched",
    "max_num_seqs": "seqs",
    "max_model_len": "context",
    "texts": "r",
    "duplicates": "x",
    "text_tokens": "t",
    "cut": "",
    "tensor_parallel_size": "tp",
    "environment": "",
    "model": "",
    "quantization": "",
    "max_concurrency": "c",
    "request_rate": "rate",
    "requests": "req",
    "answer": "decoding-",  # its first name, which published runs have
    "decoding": "decoding-",
}
"""How run names shorten long axes; other axes appear as ``key-value``."""

LONGEST = 100
"""Most characters in a name. File systems allow 255, some 143, and names of files and logs add to a run's."""

START = re.compile(r"\.start\d+$", re.IGNORECASE)
"""How the folders of a run's further engine starts end; no run's own name does."""

HASH_LENGTHS = (6, 16)
"""Digits of a hash; among thousands of names that are alike, some share the first few."""


def run_name(values: Point, point: Point, default: Workload) -> str:
    """Layout and n, then every other axis of the point: ``packed-n4-batched80000``.

    Args:
        values: all that the study sets for the run; layout and n are taken from here.
        point: what the study's grid or its ``include`` says of the run.
        default: what layout and n are where the study says nothing.
    """
    layout, n = values.get("layout", default.layout), values.get("n", default.n)
    parts = [f"{layout}-n{n}"]
    for key, value in point.items():
        if key not in ("layout", "n"):
            parts.append(f"{_label(key)}{'default' if value is None else value}")
    # Some file systems drop a dot at the end of a name.
    name = re.sub(r"[^A-Za-z0-9._-]+", "_", "-".join(parts)).rstrip(".")
    fits = len(name) <= LONGEST and not START.search(name)
    return name if fits else _with_hash(name, point)


def distinct(names: Sequence[str], points: Sequence[Point]) -> list[str]:
    """The names of a study's runs, with a short hash of the point where names are alike.

    Names are alike that differ in capitals alone: some file systems make no difference. All of those that are
    alike get their hash, so that a name does not depend on the order of the runs.
    """
    told = list(names)
    for digits in HASH_LENGTHS:
        often = Counter(name.casefold() for name in told)
        told = [
            _with_hash(name, point, digits) if often[now.casefold()] > 1 else now
            for name, now, point in zip(names, told, points, strict=True)
        ]
    return told


def _label(key: str) -> str:
    """What stands before a key's value: its last part, without what vLLM's own names begin with in common."""
    label = key.rpartition(".")[2]
    if key.startswith((EXTRA, VARIABLES)):
        return f"{label.removeprefix('enable_').removeprefix('VLLM_')}-"
    return SHORT_LABELS.get(label, f"{label}-")


def _with_hash(name: str, point: Point, length: int = HASH_LENGTHS[0]) -> str:
    digits = sha256(canonical_json(point).encode()).hexdigest()[:length]
    return f"{name[: LONGEST - length - 1]}-{digits}"
