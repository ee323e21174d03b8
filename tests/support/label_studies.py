"""Studies whose labels were chosen by hand: their runs frame, and their rows of labels."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from support.analysis_helpers import REAL, labelled, make_run, write_labels

from batchscope.results.frames import runs_frame
from batchscope.results.label_rows import Labels, labels_of_studies, load_labels, with_labels
from batchscope.results.reference_run import with_references

TWO = ("positive", "negative")
THREE = ("a", "b", "c")
"""Labels of the studies here."""

Run = tuple[str, int, Sequence[str]]
"""Layout, n, and the prompts' gold labels and answers, as `labelled` has them."""


def study(
    folder: Path,
    runs: Sequence[Run],
    name: str = "s",
    confidence: Mapping[str, Sequence[float]] | None = None,
    **values: Any,
) -> tuple[pd.DataFrame, Labels]:
    """A study's runs frame and labels; ``confidence``: of each text, by run; ``values``: for `make_run`."""
    records, rows = [], []
    for layout, n, prompts in runs:
        texts = sum(prompt.index(":") for prompt in prompts)
        shape = {"layout": layout, "n": n, "texts": texts, "seconds": (1.0,)}
        records.append(make_run(folder, study=name, **{**shape, "model": REAL, **values}))
        run = labelled(*prompts, run=f"{layout}-n{n}")
        rows.append(run.assign(confidence=confidence[f"{layout}-n{n}"]) if confidence else run)
    path = write_labels(folder / "labels" / f"{name}.parquet", *rows)
    records = with_references(with_labels(records, path.parent), coverage=0.99)
    return runs_frame(records, []), labels_of_studies({name: load_labels(path)})


def prompts_of(
    n: int,
    wrong: Collection[int] = (),
    missing: Collection[int] = (),
    labels: str = "+-",
    texts: int = 400,
) -> list[str]:
    """Texts in prompts of n, whose gold labels take turns.

    Args:
        n: texts in a prompt.
        wrong: numbers of the texts that get the label after their own.
        missing: numbers of those that get none.
        labels: a sign each, as `labelled` has them.
        texts: how many.
    """
    gold = [labels[number % len(labels)] for number in range(texts)]
    said = [labels[(number + (number in wrong)) % len(labels)] for number in range(texts)]
    said = ["?" if number in missing else sign for number, sign in enumerate(said)]
    starts = range(0, texts, n)
    return [f"{''.join(gold[start : start + n])}:{''.join(said[start : start + n])}" for start in starts]


def without_gold(runs: Sequence[Run]) -> list[Run]:
    """The same answers, to texts whose gold labels are not known."""
    return [
        (layout, n, [f"{'?' * prompt.index(':')}{prompt[prompt.index(':') :]}" for prompt in prompts])
        for layout, n, prompts in runs
    ]


PACKING: list[Run] = [
    ("packed", 10, prompts_of(10, range(9, 400, 10))),
    ("packed", 8, prompts_of(8, range(396, 400))),
    ("packed", 5, prompts_of(5, range(395, 400))),
    ("packed", 16, prompts_of(16, range(0, 96, 16))),
    ("packed", 80, prompts_of(80, range(380, 400))),
    ("packed", 4, prompts_of(4, range(396, 400))),
    ("packed", 20, prompts_of(20, missing=range(395, 400))),
    ("separate", 1, prompts_of(1, range(396, 400))),
]
"""400 texts each, of which the separate prompts have the last 4 wrong."""
