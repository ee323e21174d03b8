"""Rows of the frames on labels, of one run at a time: statistics in, cells out; no cell is no value."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from batchscope.statistics.accuracy import Accuracy, Difference, Quality, by_position, with_gold_of
from batchscope.statistics.agreement import Agreement
from batchscope.statistics.calibration import Calibration
from batchscope.statistics.confusion import NONE, Counts, f1_scores, precisions, recalls
from batchscope.statistics.resampling import Estimate

Row = dict[str, Any]


def quality_row(found: Quality) -> Row:
    """The figures of one run's labels."""
    return {
        "labels": found.found.total,
        "with_gold": found.accuracy.right.total if found.accuracy else 0,
        "label_coverage": found.found.value,
        "prompts": found.prompts,
        "too_few": found.too_few,
        "too_many": found.too_many,
        "agreeing": found.agreeing.value if found.agreeing else None,
    } | (_accuracy_row(found.accuracy) if found.accuracy else {})


def _accuracy_row(found: Accuracy) -> Row:
    row = {
        "right": found.right.count,
        "accuracy": found.right.value,
        "accuracy_low": found.right.low,
        "accuracy_high": found.right.high,
        **_estimate("balanced_accuracy", found.balanced),
        **_estimate("macro_f1", found.macro_f1),
        "majority": found.majority,
        "majority_share": found.majority_share,
    }
    if found.calibration:
        row["mean_confidence"] = found.calibration.confidence
        row |= _estimate("expected_calibration_error", found.calibration.error)
    return row


def agreement_row(found: Agreement) -> Row:
    """A run beside its reference run."""
    return {
        "agreement_texts": found.texts,
        "agreement_prompts": found.prompts,
        "agreement": found.same.value,
        "agreement_low": found.same.low,
        "agreement_high": found.same.high,
        **_estimate("kappa", found.kappa),
    }


def difference_row(found: Difference) -> Row:
    """A run beside its base run."""
    low, high = found.interval or (None, None)
    return {
        "paired_texts": found.texts,
        "paired_prompts": found.prompts,
        "differing_prompts": found.differing,
        "difference": found.middle,
        "difference_low": low,
        "difference_high": high,
        "gained": found.gained,
        "lost": found.lost,
        "mcnemar_p": found.p,
    }


def position_rows(labels: pd.DataFrame, reference: pd.DataFrame | None) -> list[Row]:
    """Shares of right labels along the prompt; without gold labels, of those of the reference run."""
    if labels["gold"].isna().all():
        if reference is None:
            return []
        labels = with_gold_of(labels, reference)
    return [
        {
            "first": each.first,
            "last": each.last,
            "labels": each.right.total,
            "share": each.right.value,
            "share_low": each.right.low,
            "share_high": each.right.high,
        }
        for each in by_position(labels)
    ]


def confusion_rows(table: Counts, names: Sequence[str]) -> list[Row]:
    """The cells of a table that hold texts."""
    answers = (*names, NONE)
    return [
        {"gold": names[row], "label": answers[column], "texts": int(table[row, column])}
        for row, column in np.argwhere(table).tolist()
    ]


def recall_rows(table: Counts, names: Sequence[str]) -> list[Row]:
    """The labels that some text has, in their order."""
    columns = {
        "texts": table.sum(axis=1).astype(int),
        "answered": table[:, :-1].sum(axis=0).astype(int),
        "right": np.diagonal(table).astype(int),
        "recall": recalls(table),
        "precision": precisions(table),
        "f1": f1_scores(table),
    }
    frame = pd.DataFrame({"label": list(names), **columns})
    return [
        {str(key): value for key, value in row.items()}
        for row in frame[frame["texts"] > 0].to_dict("records")
    ]


def reliability_rows(found: Calibration | None) -> list[Row]:
    """The bins of confidence that hold answers."""
    return [
        {
            "low": each.low,
            "high": each.high,
            "answers": each.right.total,
            "confidence": each.confidence,
            "accuracy": each.right.value,
            "accuracy_low": each.right.low,
            "accuracy_high": each.right.high,
        }
        for each in (found.bins if found else ())
    ]


def _estimate(name: str, found: Estimate) -> Row:
    low, high = found.interval or (None, None)
    return {name: found.value, f"{name}_low": low, f"{name}_high": high}
