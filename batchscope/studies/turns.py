"""Which engines take turns: those of one turn never run at the same time, those of two may."""

from collections.abc import Mapping, Sequence

from batchscope.studies.order import runs_by_engine
from batchscope.studies.run import Run

START = 1.0
"""Of an engine, in runs: a rough measure, for nothing is known of their times here."""

LONGER = 1.1
"""A sweep may take this much longer, so that runs which are compared have one device."""


def turns_of_engines(runs: Sequence[Run], devices: int) -> dict[str, str]:
    """The turn of each engine, by its name; none where one device is all that there is.

    Two jobs never want one engine at the same time: the second would wait for it and keep a device idle. So
    each engine has a turn of its own. Engines of one study, whose runs are compared, share one, and then
    mostly a device, if the other studies keep the other devices busy meanwhile.

    Args:
        runs: of all studies, load points of the server among them.
        devices: GPUs, or sets of cores.
    """
    if devices < 2:
        return {}
    by_id = {_kind(run) + run.id: run for run in runs}
    engines: dict[str, list[Run]] = {}
    for kind in (False, True):
        of_kind = [run for run in runs if (run.load is not None) == kind]
        for name, ids in runs_by_engine(of_kind).items():
            engines[name] = [by_id[("serving/" if kind else "") + each] for each in ids]
    alone = {name: {name} for name in engines}
    together = _that_share_studies(engines)
    groups = (
        together
        if _makespan(together, engines, devices) <= LONGER * _makespan(alone, engines, devices)
        else alone
    )
    return {
        name: f"turn_{number}"
        for number, first in enumerate(sorted(groups))
        for name in sorted(groups[first])
    }


def _kind(run: Run) -> str:
    return "" if run.load is None else "serving/"


def _that_share_studies(engines: Mapping[str, Sequence[Run]]) -> dict[str, set[str]]:
    """Engines that belong together because runs of one study are on them, by the first of each group."""
    first: dict[str, str] = {}
    groups: dict[str, set[str]] = {}
    for name, runs in engines.items():
        studies = {_kind(run) + run.study for run in runs}
        joined = {first[study] for study in studies if study in first}
        group = {name}.union(*(groups.pop(each) for each in joined))
        head = min(group)
        groups[head] = group
        first |= dict.fromkeys(studies, head)
        first = {study: head if each in joined else each for study, each in first.items()}
    return groups


def _makespan(groups: Mapping[str, set[str]], engines: Mapping[str, Sequence[Run]], devices: int) -> float:
    """How long all takes by list scheduling: each group in its order, on the device that is free first."""
    free = [0.0] * devices
    place = {name: number for number, name in enumerate(engines)}
    for group in sorted(groups.values(), key=lambda group: min(place[name] for name in group)):
        free[free.index(min(free))] += sum(START + len(engines[name]) for name in group)
    return max(free)
