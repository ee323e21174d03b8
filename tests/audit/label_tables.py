"""labels.csv and the three files beside it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from tests.audit.checked import missing
from tests.audit.intervals import share_of_groups
from tests.audit.quality import agreement_row, bins_of, difference_row, labels_row
from tests.audit.raw import Run

Labels = Mapping[tuple[str, str], pd.DataFrame]
Row = dict[str, Any]
Rows = dict[tuple[Any, ...], Row]


def label_rows(path: Path, runs: Mapping[tuple[str, str], Run], labels: Labels) -> dict[str, Rows]:
    """Rows of labels.csv and of each of `FURTHER`, by the file's name; empty without labels that mean something.

    Args:
        path: labels.csv, which says what each run was compared with.
        runs: by study and name.
        labels: of each.
    """
    if not labels:
        return {}
    once = {key: rows[(rows["repeat"] == 0) & (rows["duplicate"] == 0)] for key, rows in labels.items()}
    found: dict[str, Rows] = {name: {} for name in FURTHER} | {path.name: {}}
    for run in pd.read_csv(path, keep_default_na=False, na_values=[""]).to_dict("records"):
        key = (run["study"], run["run"])
        found[path.name][key] = row_of(run, labels, once) | size(runs[key])
    for name, (_, make) in FURTHER.items():
        found[name] = {(*run, *place): row for run, each in once.items() for place, row in make(each)}
    return found


def size(run: Run) -> Row:
    prompts = run.measurement["prompts"]
    duplicates = prompts["duplicates"]
    return {
        "layout": run.workload["layout"],
        "n": run.workload["n"],
        "texts": prompts["labels"] // duplicates,
        "duplicates": duplicates,
    }


def row_of(said: Mapping[str, Any], labels: Labels, once: Labels) -> Row:
    """One run's figures; which run is its reference, and which its base, the table itself says."""
    key = (said["study"], said["run"])
    row = labels_row(labels[key], once[key])
    reference = said["reference"]
    if not missing(reference) and reference != "/".join(key):
        row |= agreement_row(once[key], once[tuple(reference.split("/"))])
    if not missing(said["base"]):
        row |= difference_row(once[key], once[key[0], said["base"]])
    return dict.fromkeys(said) | row


def by_label(once: pd.DataFrame) -> Iterator[tuple[tuple[str], Row]]:
    gold = once[once["gold"].notna()]
    for label in sorted(set(gold["gold"])):
        texts, answered = (gold["gold"] == label), (gold["label"] == label)
        right = int((texts & answered).sum())
        both = int(texts.sum() + answered.sum())
        yield (
            (label,),
            {
                "texts": int(texts.sum()),
                "answered": int(answered.sum()),
                "right": right,
                "recall": right / int(texts.sum()),
                "precision": right / int(answered.sum()) if answered.any() else None,
                "f1": 2 * right / both,
            },
        )


def confusion(once: pd.DataFrame) -> Iterator[tuple[tuple[str, str], Row]]:
    gold = once[once["gold"].notna()]
    for key, texts in (
        gold.assign(label=gold["label"].fillna("none")).groupby(["gold", "label"]).size().items()
    ):
        yield key, {"texts": int(texts)}


def reliability(once: pd.DataFrame) -> Iterator[tuple[tuple[float], Row]]:
    sure = once[once["gold"].notna() & once["label"].notna() & once["confidence"].notna()]
    for place, rows in sure.groupby(bins_of(sure["confidence"].to_numpy(float))):
        right = (rows["gold"] == rows["label"]).to_numpy()
        low, high = share_of_groups(right, rows["prompt"].to_numpy())
        yield (
            (place / 10,),
            {
                "high": (place + 1) / 10,
                "answers": len(rows),
                "confidence": rows["confidence"].mean(),
                "accuracy": right.mean(),
                "accuracy_low": low,
                "accuracy_high": high,
            },
        )


FURTHER = {
    "labels_by_label.csv": (("label",), by_label),
    "labels_confusion.csv": (("gold", "label"), confusion),
    "labels_reliability.csv": (("low",), reliability),
}
"""What names a row beside its run, and what makes its rows."""
