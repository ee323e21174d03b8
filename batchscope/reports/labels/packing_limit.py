"""How many texts a prompt can hold before packing costs labels, in one sentence a study."""

from typing import Any, Literal

import pandas as pd

from batchscope.reporting.wording import show_setting, varying
from batchscope.reports.labels.verdicts import accuracy_tells, base_row, verdict_on_labels
from batchscope.statistics.accuracy import ENOUGH_TEXTS

Loss = Literal["accuracy", "labels", "nothing", "unknown"]


def packing_sentences(shown: pd.DataFrame, runs: pd.DataFrame, coverage: float) -> list[str]:
    """Of each study in which packing costs something: what, and at which n; and at which n no loss is seen.

    Args:
        shown: the judged runs, with their figures.
        runs: the runs frame.
        coverage: share of texts that must have a label for anything to be said of accuracy.
    """
    lines = []
    for study, rows in shown[(shown["layout"] == "packed") & shown["base"].notna()].groupby(
        "study", sort=False
    ):
        settings = [
            name
            for name in varying(runs[runs["study"] == study])
            if name not in ("layout", "n", "texts") and rows[name].nunique(dropna=False) > 1
        ]
        groups = rows.groupby(settings, sort=False, dropna=False) if settings else [((), rows)]
        for values, group in groups:
            told = zip(settings, values, strict=True)
            where = ", ".join(f"{name.rpartition('.')[2]}={show_setting(value)}" for name, value in told)
            if sentence := _sentence(group, shown, coverage):
                lines.append(f"{study}{f' ({where})' if where else ''}: {sentence}")
    return lines


def _sentence(packed: pd.DataFrame, shown: pd.DataFrame, coverage: float) -> str:
    """The sentence on packed runs that differ in n alone; empty where none of them costs anything."""
    sizes: dict[Loss, list[int]] = {}
    for _, run in packed.sort_values("n", kind="stable").iterrows():
        sizes.setdefault(loss(run, base_row(run, shown), coverage), []).append(int(run["n"]))
    costs = [f"{what} at {_sizes(sizes[what])}" for what in ("accuracy", "labels") if what in sizes]
    if not costs:
        return ""
    rest = f"; no loss is seen at {_sizes(sizes['nothing'])}" if "nothing" in sizes else ""
    return f"packing costs {' and '.join(costs)}{rest}."


def loss(run: "pd.Series[Any]", base: "pd.Series[Any]", coverage: float) -> Loss:
    """What a packed run loses against its base run: right labels, labels at all, or nothing that is seen."""
    if run["labels"] < ENOUGH_TEXTS or base["label_coverage"] < coverage:
        return "unknown"
    if run["label_coverage"] < coverage:
        return "labels"
    if not accuracy_tells(run) or (found := verdict_on_labels(run)) == "too few":
        return "unknown"
    return "accuracy" if found == "seen" and run["difference"] < 0 else "nothing"


def _sizes(numbers: list[int]) -> str:
    return f"n={', '.join(f'{number:,}' for number in numbers)}"
