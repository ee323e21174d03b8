"""The results in ten lines: of each study its fastest run."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path

from tabulate import tabulate

STUDIES = 8
"""Shown at most, so that the table has ten lines."""

COLUMNS = ("study", "runs", "fastest", "texts/s", "tok/s", "accuracy")

Row = Mapping[str, str]
"""A line of runs.csv, by column."""


def results_table(path: Path) -> str:
    """The table of a file runs.csv; empty where there is no run."""
    with path.open(encoding="utf-8", newline="") as file:
        studies = by_study(csv.DictReader(file))
    if not studies:
        return ""
    rows = [describe(study, runs) for study, runs in list(studies.items())[:STUDIES]]
    align = ("left", "right", "left", "right", "right", "right")
    table = tabulate(rows, COLUMNS, tablefmt="simple", colalign=align, disable_numparse=True)
    more = len(studies) - STUDIES
    return f"{table}\nand {more} more" if more > 0 else table


def by_study(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The runs of each study, in their order."""
    studies: dict[str, list[Row]] = {}
    for row in rows:
        studies.setdefault(row["study"], []).append(row)
    return studies


def describe(study: str, runs: list[Row]) -> tuple[str, ...]:
    """One line of the table; runs that do not count are left out, and counted."""
    valid = [run for run in runs if run["valid"] == "True" and run["texts_per_s"]]
    counts = f"{len(valid)}" if len(valid) == len(runs) else f"{len(valid)} of {len(runs)}"
    if not valid:
        return (study, counts, "none is valid", "", "", "")
    best = max(valid, key=lambda run: float(run["texts_per_s"]))
    rate, tokens = float(best["texts_per_s"]), float(best["total_token_throughput"])
    return (study, counts, best["run"], _with_interval(best, rate), f"{tokens:,.0f}", _accuracy(best))


def _with_interval(run: Row, rate: float) -> str:
    digits = 0 if rate >= 100 else 1
    low, high = run.get("texts_per_s_low"), run.get("texts_per_s_high")
    if not low or not high:
        return f"{rate:,.{digits}f}"
    return f"{rate:,.{digits}f} ({float(low):,.{digits}f} to {float(high):,.{digits}f})"


def _accuracy(run: Row) -> str:
    return f"{100 * float(run['accuracy']):.1f} %" if run.get("accuracy") else ""
