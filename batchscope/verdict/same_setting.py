"""One setting that several runs measured: which of them stands for it.

Pooling would say too much: equal runs mostly share an engine start, so that a second one is no further start.
The run with most evidence stands for all, and the others are named with their speeds.
"""

from collections.abc import Collection, Hashable, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from batchscope.reporting.numbers import counted
from batchscope.reporting.wording import SETTINGS
from batchscope.results.frames import cell_value
from batchscope.verdict.evidence import name_of, starts_of
from batchscope.verdict.schema import Again, Setting
from batchscope.verdict.settings import COMPARED, Judged
from batchscope.verdict.wording import rate

SELDOM = ("text_tokens", "cut", "permuted")
"""Columns of the workload that are there only where a run sets them."""

TEXTS = ("texts",)
"""A setting is the same however many texts were asked about."""


def key_of(run: "pd.Series[Any]", without: Collection[str] = ()) -> Hashable:
    """All that a user would type for a run, and the environment; n of separate prompts says nothing.

    Args:
        run: its row of the runs table.
        without: columns to leave out.
    """
    names = [name for name in run.index if name in (*SETTINGS, *SELDOM) or name.startswith("engine.")]
    left_out = {*without, *(["n"] if run["layout"] == "separate" else [])}
    alike = [(name, cell_value(run[name])) for name in names if name not in left_out]
    return (*alike, str(run["fingerprint"]))


def with_same_settings(judged: Sequence[Judged], reference: "pd.Series[Any] | None") -> list[Judged]:
    """All runs in their order; of those with one setting, all but one name the run that stands for them.

    Args:
        judged: all runs.
        reference: the run that labels are held against.
    """
    groups: dict[Hashable, list[Judged]] = {}
    for each in judged:
        groups.setdefault(key_of(each.row, without=TEXTS), []).append(each)
    marked: dict[str, Judged] = {}
    for group in groups.values():
        stands = max(group, key=lambda each: _evidence(each, reference))
        others = [each for each in group if each is not stands]
        also = tuple(also_measured(each) for each in others)
        marked[stands.name] = replace(stands, setting=replace(stands.setting, also=also))
        marked |= {each.name: replace(each, setting=_twin(each.setting, stands.name)) for each in others}
    return [marked[each.name] for each in judged]


def is_same(run: "pd.Series[Any]", other: "pd.Series[Any]") -> bool:
    """Whether two runs measured one setting, with as many texts or not."""
    return key_of(run, without=TEXTS) == key_of(other, without=TEXTS)


def once(judged: Sequence[Judged]) -> list[Judged]:
    """One run for each setting."""
    return [each for each in judged if each.setting.same_as is None]


def _evidence(each: Judged, reference: "pd.Series[Any] | None") -> tuple[int | bool, ...]:
    """How much a run has; of equals `max` takes the first. How fast or right it was does not count."""
    row, state = each.row, each.setting.state
    standing = 2 if state in COMPARED else 1 if state == "not comparable" else 0
    return (
        standing,
        not row["unsteady"],
        each.setting.right is not None,
        starts_of(row),
        int(row["texts"]),
        int(row["repeats"]),
        reference is not None and each.name == name_of(reference),
    )


def _twin(setting: Setting, stands: str) -> Setting:
    return replace(setting, same_as=stands)


def also_measured(each: Judged) -> Again:
    """A further run of a setting: its speed, and why it would not count."""
    setting = each.setting
    if setting.speed is None or setting.state in ("failed", "invalid"):
        return Again(each.name, setting.study, setting.why)
    said = f"{rate(setting.speed.value)} texts/s on {counted(int(each.row['texts']), 'text')}"
    if setting.state == "not comparable":
        said += " (not compared)"
    elif setting.state == "refused":
        said += f" ({setting.why})"
    return Again(each.name, setting.study, said)
