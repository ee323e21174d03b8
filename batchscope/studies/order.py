"""In which order runs are measured, so that each engine is started once."""

from collections.abc import Sequence
from hashlib import sha256
from random import Random

from batchscope.common.canonical_json import canonical_json
from batchscope.studies.run import Run


def measuring_order(runs: Sequence[Run]) -> dict[str, int]:
    """Priority of each run, by id; the highest is measured first. Runs of one engine follow each other.

    Inside an engine the order is random, from a fixed seed, so that drift of the machine does not line up
    with an axis of a study.
    """
    order: list[str] = []
    for ids in runs_by_engine(runs).values():
        order += Random(0).sample(sorted(ids), len(ids))  # noqa: S311, no secret
    return {run: len(order) - place for place, run in enumerate(order)}


def runs_by_engine(runs: Sequence[Run]) -> dict[str, list[str]]:
    """Ids of the runs that share each engine configuration, by its name: model, environment, a short hash.

    The names of servers start with ``server-``: the same configuration is another process there.
    """
    engines: dict[str, list[str]] = {}
    for run in runs:
        text = canonical_json(run.engine.model_dump())
        name = f"{run.engine.model}-{run.engine.environment}-{sha256(text.encode()).hexdigest()[:6]}"
        name = name if run.load is None else f"server-{name}"
        engines.setdefault(name, []).append(run.id)
    return engines
