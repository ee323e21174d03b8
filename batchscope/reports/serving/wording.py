"""Load points and sweeps in words; no two of a study have the same ones."""

import math
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Protocol

import pandas as pd

from batchscope.reporting.wording import SETTINGS, show_setting
from batchscope.results.frames import cell_value
from batchscope.statistics.intervals import Interval

CLOSED, OPEN = "load.max_concurrency", "load.request_rate"

CACHE = {"none": "", "text": "prefix cache on (text)", "full": "prefix cache on"}
"""What the workload's ``reuse`` is, in words."""


def point_names(points: pd.DataFrame) -> list[str]:
    """Each load point in words: ``separate, each sent twice, prefix cache on, all at once``.

    Args:
        points: one row each; columns ``run``, those of `settings`.
    """
    rows = [row for _, row in points.iterrows()]
    words = [", ".join(filter(None, [layout_words(row), copies_words(row), load_words(row)])) for row in rows]
    return [name + more for name, more in zip(words, telling_suffixes(points, words), strict=True)]


def name_suffixes(points: pd.DataFrame, ignored: Collection[str]) -> list[str]:
    """What is to be added to layout and n: ``, each sent twice``; mostly nothing. ``ignored``: columns."""
    rows = [row for _, row in points.iterrows()]
    words = [f", {copies_words(row)}" if copies_words(row) else "" for row in rows]
    names = [layout_words(row) + word for row, word in zip(rows, words, strict=True)]
    return [word + more for word, more in zip(words, telling_suffixes(points, names, ignored), strict=True)]


def layout_words(point: "pd.Series[Any]") -> str:
    """How its texts are laid out: ``4 to a prompt``."""
    return f"{point['n']} to a prompt" if point["layout"] == "packed" else "separate"


def copies_words(point: "pd.Series[Any]") -> str:
    """How often its prompts are sent, and whether a cache may help; empty for once and no."""
    times = point["duplicates"]
    sent = "" if times == 1 else "each sent twice" if times == 2 else f"each sent {times:,} times"
    return ", ".join(filter(None, [sent, CACHE[point["reuse"]]]))


def load_words(point: "pd.Series[Any]") -> str:
    """How its requests come."""
    most, rate = cell_value(point[CLOSED]), cell_value(point[OPEN])
    words = []
    if rate:
        words.append(f"{show_setting(rate)} requests/s")
    if most:
        words.append(f"{show_setting(most)} under way")
    if rate and (burstiness := point["load.burstiness"]) != 1:
        words.append(f"burstiness {show_setting(burstiness)}")
    return ", ".join(words) or "all at once"


def setting_columns(columns: Iterable[str], ignored: Collection[str] = ()) -> list[str]:
    """Which columns say what was asked of a load point, without those ignored."""
    asked = [name for name in columns if name in SETTINGS or name.startswith(("engine.", "load."))]
    return [name for name in asked if name not in ignored]


def telling_suffixes(points: pd.DataFrame, words: Sequence[str], ignored: Collection[str] = ()) -> list[str]:
    """What must be added to each point's words where others have the same: settings, at last the run."""
    added = [""] * len(words)
    for places in _alike(words):
        group = points.iloc[places]
        names = [
            name for name in setting_columns(group.columns, ignored) if group[name].nunique(dropna=False) > 1
        ]
        for place, (_, point) in zip(places, group.iterrows(), strict=True):
            added[place] = "".join(
                f", {name.rpartition('.')[2]}={show_setting(point[name])}" for name in names
            )
    for places in _alike([word + more for word, more in zip(words, added, strict=True)]):
        for place in places:
            added[place] += f" ({points['run'].iloc[place]})"
    return added


def _alike(words: Sequence[str]) -> list[list[int]]:
    """The places of words that stand there more than once."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(words):
        places.setdefault(word, []).append(place)
    return [each for each in places.values() if len(each) > 1]


class Figures(Protocol):
    """Something that has figures, some of them with intervals."""

    def figure(self, column: str) -> Interval | None:
        """One with its interval, if it has one."""
        ...

    def mean(self, column: str) -> float:
        """One without."""
        ...


def with_interval(found: Interval | None) -> str:
    """A figure with as many decimals as its interval leaves: ``131.7 (125.4 to 138.0)``; empty for None."""
    if found is None:
        return ""
    digits = digits_of(found)
    low, middle, high = (f"{value:,.{digits}f}" for value in (found.low, found.middle, found.high))
    return f"{middle} ({low} to {high})"


def digits_of(found: Interval) -> int:
    """Decimals with which half of an interval's width has two digits, and at most four."""
    half = (found.high - found.low) / 2
    return min(4, max(0, 1 - math.floor(math.log10(half)))) if half > 0 else 2


def per_second(level: Figures, column: str) -> str:
    """A rate with its interval, or with two decimals where it has none."""
    return with_interval(level.figure(column)) or f"{level.mean(column):,.2f}"


def ms(level: Figures, column: str) -> str:
    """A latency with its interval, or with one decimal where it has none."""
    return f"{with_interval(level.figure(column)) or f'{level.mean(column):,.1f}'} ms"


def size_words(point: "pd.Series[Any]") -> str:
    """How its texts are laid out, at the start of a sentence."""
    return f"{point['n']} texts to a prompt" if point["layout"] == "packed" else "Separate prompts"
