"""Further tables of the page on labels: label by label, what is confused, and how well confidence holds."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from batchscope.reporting.page import MEASURED, Row, Section, Table
from batchscope.reports.labels.findings import named
from batchscope.reports.labels.frame import Judged
from batchscope.statistics.accuracy import ENOUGH_TEXTS
from batchscope.statistics.confusion import NONE

FEW_LABELS = 2
"""So many labels have their confusion in the table of all runs."""

HEAT_MAP_LABELS = 10
"""So many labels at most have a heat map; of more, the pairs that are confused most are listed."""

MOST_RUNS = 5
MOST_LABELS = 30
MOST_PAIRS = 15


def sections(runs: pd.DataFrame, shown: pd.DataFrame, judged: Judged) -> list[Section]:
    """The tables that there is something to show in.

    Args:
        runs: the runs frame.
        shown: the judged runs, with their figures.
        judged: the labels of the judged runs.
    """
    chosen = runs_to_show(shown)
    several = len(judged.names) > FEW_LABELS
    found = [
        _recalls(chosen, runs, judged) if several else None,
        _pairs(chosen[:1], runs, judged) if several else None,
        _reliability(sure_runs(shown), runs, judged),
    ]
    return [section for section in found if section]


def runs_to_show(shown: pd.DataFrame) -> "list[pd.Series[Any]]":
    """The runs that are shown label by label: reference runs, then packed ones, the largest n first.

    Of runs with the same settings the one with most texts; valid ones alone, with gold labels.
    """
    rows = shown[shown["valid"].astype(bool) & (shown["with_gold"] > 0)]
    if (enough := rows["with_gold"] >= ENOUGH_TEXTS).any():
        rows = rows[enough]
    is_reference = rows["reference"] == rows["study"] + "/" + rows["run"]
    rows = rows.assign(first=is_reference, packed=rows["layout"] == "packed")
    order = rows.sort_values(["first", "packed", "n", "with_gold"], ascending=False, kind="stable")
    once = order.drop_duplicates(["layout", "n", "answer", "numbered", "model"])
    return [run for _, run in once.head(MOST_RUNS).iterrows()]


def sure_runs(shown: pd.DataFrame) -> "list[pd.Series[Any]]":
    """As `runs_to_show`, of those with confidences: the same settings may have been run without."""
    return runs_to_show(shown[shown["expected_calibration_error"].notna()])


def rows_of(frame: pd.DataFrame, run: "pd.Series[Any]") -> pd.DataFrame:
    """The rows of one run in one of the frames of `Judged`."""
    found: pd.DataFrame = frame[(frame["study"] == run["study"]) & (frame["run"] == run["run"])]
    return found


def _recalls(chosen: "Sequence[pd.Series[Any]]", runs: pd.DataFrame, judged: Judged) -> Section | None:
    """A row a label: how many of its texts were labelled right, by run."""
    if not chosen:
        return None
    first = rows_of(judged.labels, chosen[0])
    hardest = first.sort_values("recall", kind="stable")["label"][:MOST_LABELS]
    rows: list[Row] = []
    for label, texts in zip(first["label"], first["texts"], strict=True):
        if label in set(hardest):
            rows.append({("", "label"): str(label), ("", "texts"): f"{texts:,}"})
    for run in chosen:
        recall = rows_of(judged.labels, run).set_index("label")["recall"]
        for row in rows:
            value = recall.get(row["", "label"], float("nan"))
            row["right (%)", named(run, runs)] = "" if pd.isna(value) else f"{100 * value:.1f}"
    left = len(first) - len(rows)
    more = f"The {len(rows)} labels that are found least of {len(first)}. " if left else ""
    return Section(
        "Label by label",
        Table.of_rows(rows),
        f"{more}Of the texts with this gold label, the share that was labelled so (recall). "
        "All figures: labels_by_label.csv.",
    )


def _pairs(chosen: "Sequence[pd.Series[Any]]", runs: pd.DataFrame, judged: Judged) -> Section | None:
    """A row a pair of gold label and wrong answer, of one run."""
    pairs = confused_pairs(chosen[0], judged, MOST_PAIRS) if chosen else pd.DataFrame()
    if pairs.empty:
        return None
    rows: list[Row] = [
        {
            ("", "gold"): pair["gold"],
            ("", "labelled"): pair["label"],
            (MEASURED, "texts"): f"{pair['texts']:,}",
            (MEASURED, "of the gold label's (%)"): f"{100 * pair['share']:.1f}",
        }
        for pair in pairs.to_dict("records")
    ]
    note = f"Of {named(chosen[0], runs)}. All runs: labels_confusion.csv."
    return Section("Confused most often", Table.of_rows(rows), note)


def confused_pairs(run: "pd.Series[Any]", judged: Judged, most: int) -> pd.DataFrame:
    """``gold``, ``label``, ``texts`` and ``share`` (of the gold label's texts) of the commonest mistakes."""
    cells = rows_of(judged.confusion, run)
    cells = cells.assign(share=cells["texts"] / cells.groupby("gold")["texts"].transform("sum"))
    wrong = cells[(cells["gold"] != cells["label"]) & (cells["label"] != NONE)]
    return wrong.sort_values("texts", ascending=False, kind="stable").head(most)


def _reliability(chosen: "Sequence[pd.Series[Any]]", runs: pd.DataFrame, judged: Judged) -> Section | None:
    """A row a bin of confidence: answers, how sure they are and how often right, by run."""
    if not chosen:
        return None
    frames = [(named(run, runs), rows_of(judged.reliability, run)) for run in chosen]
    lows = sorted({low for _, frame in frames for low in frame["low"]})
    rows: list[Row] = []
    for low in lows:
        row: Row = {}
        for name, frame in frames:
            for each in frame[frame["low"] == low].to_dict("records"):
                row["", "confidence (%)"] = f"{100 * each['low']:.0f} to {100 * each['high']:.0f}"
                row[name, "answers"] = f"{each['answers']:,}"
                row[name, "mean confidence (%)"] = f"{100 * each['confidence']:.1f}"
                row[name, "right (%)"] = f"{100 * each['accuracy']:.1f}"
        rows.append(row)
    note = (
        "Confidence: the probability of the label that was answered, among all labels; of labels of several "
        "tokens, that of the tokens that were answered."
    )
    return Section("How well confidence holds", Table.of_rows(rows), note)
