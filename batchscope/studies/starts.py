"""The engine starts that a run is measured in: each is a job and a folder of its own.

The first has the run's own name, so that a run that was measured in one start need not be measured again when
more are asked for. The others are ``NAME.start2``, ``NAME.start3`` and so on.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from batchscope.common.errors import UserError
from batchscope.studies.grid import MOST_RUNS
from batchscope.studies.names import START
from batchscope.studies.run import Run


def with_starts(runs: Sequence[Run]) -> list[Run]:
    """Each run in each of its engine starts: the first start of all, then the second, and so on.

    Raises:
        UserError: there are more than `MOST_RUNS` of them.
    """
    if (total := sum(run.measure.starts for run in runs)) > MOST_RUNS:
        raise UserError(
            f"measure.starts: {len(runs):,} runs in so many engine starts are {total:,} measurements, and "
            f"{MOST_RUNS:,} are the most; lower it, or set it for single studies alone"
        )
    last = max((run.measure.starts for run in runs), default=0)
    return [
        in_start(run, start) for start in range(1, last + 1) for run in runs if start <= run.measure.starts
    ]


def in_start(run: Run, start: int) -> Run:
    """The run as it is measured in one of its engine starts."""
    return run if start == 1 else replace(run, name=f"{run.name}.start{start}", start=start)


def name_of_run(name: str) -> str:
    """The run whose engine start has this name."""
    return START.sub("", name)


def by_run(names: Iterable[str]) -> dict[str, list[str]]:
    """Names of engine starts, in their order, by that of their run."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name_of_run(name), []).append(name)
    return found
