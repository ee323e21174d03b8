"""In which order runs are measured: each engine is started once a round, and drift falls on all alike."""

from collections.abc import Sequence
from hashlib import sha256
from random import Random

from batchscope.common.canonical_json import canonical_json
from batchscope.studies.run import Run


def measuring_order(runs: Sequence[Run]) -> dict[str, int]:
    """Priority of each run, by id; the highest is measured first. Runs of one engine follow each other.

    Inside an engine the order is random, from a fixed seed, so that drift of the machine does not line up
    with an axis of a study. Engine starts go round by round: the first of all engines, then the second. Each
    second round is the one before it backwards, so that what changes evenly cancels out (docs/statistics.md);
    the third, the fifth and so on have the engines and their runs in another random order.
    """
    order: list[str] = []
    for start in sorted({run.start for run in runs}):
        ids = _order_of_round([run for run in runs if run.start == start], (start - 1) // 2)
        order += ids if start % 2 else reversed(ids)
    return {run: len(order) - place for place, run in enumerate(order)}


def _order_of_round(runs: Sequence[Run], seed: int) -> list[str]:
    """Ids of one round's runs, engine by engine: the first round has the engines in the file's order."""
    engines = list(runs_by_engine(runs).values())
    if seed:
        engines = Random(seed).sample(engines, len(engines))  # noqa: S311, no secret
    return [run for ids in engines for run in Random(seed).sample(sorted(ids), len(ids))]  # noqa: S311


def runs_by_engine(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Ids of the runs that share each engine start, by its name: model, environment, a short hash.

    The names of servers start with ``server-``: the same configuration is another process there. So it is in
    another start: those after the first end with ``-start2``, ``-start3`` and so on.
    """
    engines: dict[str, list[str]] = {}
    for run in runs:
        text = canonical_json(run.engine.model_dump())
        name = f"{run.engine.model}-{run.engine.environment}-{sha256(text.encode()).hexdigest()[:6]}"
        name = name if run.load is None else f"server-{name}"
        name = name if run.start == 1 else f"{name}-start{run.start}"
        engines.setdefault(name, []).append(run.id)
    return engines
