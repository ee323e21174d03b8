"""Load points that differ in their load alone."""

from dataclasses import dataclass

import pandas as pd

from batchscope.reports.serving.wording import layout_words, name_suffixes, setting_columns

AMOUNTS = ("texts", "load.requests", "load.seed")
"""Settings that only say how long a load goes on, and when its requests come."""


@dataclass(frozen=True)
class Sweep:
    """One curve over the load."""

    points: pd.DataFrame
    """rows of `serving_frame`, two or more, along the load"""
    apart: str
    """what tells it from other sweeps of its layout and n, to be added to a name; mostly nothing"""

    @property
    def name(self) -> str:
        """In words: ``4 to a prompt``."""
        return layout_words(self.points.iloc[0]) + self.apart


def sweeps(points: pd.DataFrame, axis: str) -> list[Sweep]:
    """Valid points that differ in ``axis`` alone, along it; those of one point are none."""
    valid, ignored = points[points["valid"] & points[axis].notna()], (axis, *AMOUNTS)
    groups = [
        group.sort_values(axis, kind="stable")
        for _, group in valid.groupby(setting_columns(points.columns, ignored), dropna=False, sort=False)
        if group[axis].nunique() > 1
    ]
    firsts = valid.loc[[group.index[0] for group in groups]]
    return [Sweep(*each) for each in zip(groups, name_suffixes(firsts, ignored), strict=True)]
