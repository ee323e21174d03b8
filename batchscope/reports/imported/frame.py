"""imported.csv: one row a measurement of another tool, with the run of ours beside it.

- ``name``: its entry in the configuration; ``file``: the file's name; ``tool``, and what `Figures` has.
- ``texts_per_request``: as the configuration says; ``texts_per_s``: null without it.
- ``ours.run``: the closest run of ours; ``ours.<name>``: its figures; ``why_not``: why there is none.
- ``ratio.<name>``: theirs by ours, of rates and latencies.
- ``not_asked``: codes of our gates that the file has no answer to.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from batchscope.config.model import ModelAsset
from batchscope.reports.imported.ours import Beside, closest, tokens_per_request
from batchscope.reports.imported.unasked import unasked
from batchscope.results.imported.figures import LATENCIES, THROUGHPUTS, Figures
from batchscope.results.imported.formats import Imported

COMPARED = ("texts_per_s", *THROUGHPUTS, *LATENCIES)
"""Columns of which there is a ratio."""

OF_OURS = ("model", "max_concurrency", "request_rate", *COMPARED)

WORDS = ("name", "file", "tool", "version", "model", "load", "ours.run", "why_not", "ours.model", "not_asked")
COUNTS = ("requests", "failed", "prompt_tokens", "output_tokens", "texts_per_request")

Row = dict[str, Any]


def imported_frame(
    files: Sequence[Imported], ours: pd.DataFrame, models: Mapping[str, ModelAsset]
) -> pd.DataFrame:
    """One row a measurement; columns as the module says.

    Args:
        files: in the order of the configuration.
        ours: `our_runs`.
        models: the block ``models``.
    """
    rows = [_row(file, row, ours, models) for file in files for row in file.rows]
    frame = pd.DataFrame(rows)
    types = dict.fromkeys(frame, "Float64") | dict.fromkeys(WORDS, "string") | {"serves": "boolean"}
    return frame.astype(types).astype(dict.fromkeys(COUNTS, "Int64"))


def _row(file: Imported, row: Figures, ours: pd.DataFrame, models: Mapping[str, ModelAsset]) -> Row:
    serves, texts = file.format.serves, file.file.texts_per_request
    theirs: Row = {
        "name": file.name,
        "file": Path(file.file.path).name,
        "tool": file.format.tool,
        "serves": serves,
        **{name: _whole(value) if name in COUNTS else value for name, value in row.as_row().items()},
        "tokens_per_request": row.tokens_per_request,
        "texts_per_request": texts,
        "texts_per_s": texts * row.request_throughput if texts and row.request_throughput else None,
    }
    beside = closest(ours, row, file.file, serves=serves, models=models)
    return {**theirs, **_beside(beside, theirs), "not_asked": ", ".join(unasked(row, serves=serves))}


def _beside(beside: Beside, theirs: Row) -> Row:
    run = beside.run
    figures = {name: None if run is None or pd.isna(run[name]) else run[name] for name in OF_OURS}
    return {
        "ours.run": None if run is None else run["run"],
        "why_not": beside.why_not or None,
        **{f"ours.{name}": value for name, value in figures.items()},
        "ours.tokens_per_request": None if run is None else tokens_per_request(run),
        **{f"ratio.{name}": _ratio(theirs[name], figures[name]) for name in COMPARED},
    }


def _whole(value: Any) -> int | None:
    """A count: one that a tool made by adding up means is a fraction."""
    return None if value is None else round(value)


def _ratio(theirs: float | None, ours: float | None) -> float | None:
    return theirs / ours if theirs and ours else None
