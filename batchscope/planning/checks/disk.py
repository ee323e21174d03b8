"""Whether results can be written, and whether the disk has room for them."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import Finding, Problem
from batchscope.planning.run_sizes import guessed_tokens
from batchscope.profiling.nsys import ROOM

BYTES_OF_TOKEN = 12
"""Of a prompt token in prompts.jsonl, where it is a number, and in texts.jsonl."""

BYTES_OF_RUN = 400_000
"""Of a run's tables, environment and timeline, its requests left out."""

BYTES_OF_REQUEST = 60
"""In requests.parquet, in each repeat, and in the table of labels."""

BYTES_OF_DATA = {"imdb": 150_000_000}
"""Of sources with a size that is known: the archive and the texts out of it."""

LEAST = 50_000_000
"""Of reports, tables and logs."""


def check(situation: Situation) -> Iterator[Finding]:
    """The folder of results; and that of temporary files, where a profiler needs it."""
    if not situation.runs and not situation.profilers:
        return
    folder = existing(situation.results)
    if not os.access(folder, os.W_OK):
        yield Problem(
            str(situation.results),
            f"nothing can be written into {folder.absolute()}",
            "correct its permissions, or work in a copy of this project",
        )
    else:
        yield from too_full(situation.results, bytes_to_write(situation), shutil.disk_usage(folder).free)
    if "nsys" in situation.profilers:
        scratch = Path(tempfile.gettempdir())
        yield from too_full(scratch, ROOM, shutil.disk_usage(scratch).free)


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(each for each in (folder, *folder.absolute().parents) if each.is_dir())


def bytes_to_write(situation: Situation) -> int:
    """An estimate of all that the runs' prompts and results will take."""
    sets = {run.prompts.id: run for run in situation.runs}
    prompts = sum(BYTES_OF_TOKEN * guessed_tokens(run.workload) for run in sets.values())
    repeats = sum(
        (1 if run.load else run.measure.max_repeats)
        * -(-run.workload.total_texts // run.prompts.n)
        * run.workload.duplicates
        for run in situation.runs
    )
    fixed = BYTES_OF_DATA.get(situation.config.dataset.source, 0) + LEAST
    return prompts + BYTES_OF_REQUEST * repeats + BYTES_OF_RUN * len(situation.runs) + fixed


def too_full(folder: Path, needed: int, free: int) -> Iterator[Problem]:
    """A disk with less room than is needed."""
    if free < needed:
        yield Problem(
            str(folder),
            f"its disk has {_mb(free)} free, and about {_mb(needed)} will be written",
            f"free {_mb(needed - free)} or more there",
        )


def _mb(size: int) -> str:
    return f"{-(-size // 1_000_000):,} MB"
