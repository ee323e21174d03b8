"""Our runs and load points as one list, and which of them comes closest to a row of a result file."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from batchscope.common.errors import UserError
from batchscope.config.imported import ImportedFile
from batchscope.config.model import ModelAsset
from batchscope.results.frames import read_frame
from batchscope.results.imported.figures import LATENCIES, THROUGHPUTS, Figures
from batchscope.results.imported.values import last_part

COLUMNS = (
    "run",
    "serves",
    "valid",
    "model",
    "layout",
    "n",
    "reuse",
    "answer",
    "max_concurrency",
    "request_rate",
    "requests",
    "texts_per_s",
    *THROUGHPUTS,
    *LATENCIES,
)
"""Of `our_runs`; null where there is no such figure."""


def our_runs(results: Path, serving_studies: Sequence[str]) -> pd.DataFrame:
    """Every run and load point of a folder of results, in `COLUMNS`.

    Raises:
        UserError: a table is missing or damaged.
    """
    tables = results / "tables"
    parts = [_in_columns(read_frame(tables / "runs.parquet"), serves=False)]
    parts += [
        _in_columns(_read_csv(tables / f"serving_{study}.csv"), serves=True) for study in serving_studies
    ]
    return pd.concat([part.astype(object) for part in parts], ignore_index=True)


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        return pd.read_csv(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: cannot be read ({error}); delete it and rerun") from None


def _in_columns(frame: pd.DataFrame, *, serves: bool) -> pd.DataFrame:
    loads = {f"load.{key}": key for key in ("max_concurrency", "request_rate")}
    found = frame.rename(columns=loads).reindex(columns=["study", *COLUMNS])
    place = "serving/" if serves else ""
    return found.assign(run=place + found.pop("study") + "/" + found["run"], serves=serves)


class Beside(NamedTuple):
    """What of ours stands beside a row; or why nothing does."""

    run: "pd.Series[Any] | None"
    why_not: str = ""


def closest(
    ours: pd.DataFrame, row: Figures, file: ImportedFile, *, serves: bool, models: Mapping[str, ModelAsset]
) -> Beside:
    """The run of the same model and layout with the nearest load; without a server, the nearest length.

    Args:
        ours: `our_runs`.
        row: of a result file.
        file: what the configuration says of it.
        serves: whether it is of a load on a server.
        models: the block ``models``.
    """
    named = models_of(row.model, file, models)
    if why_not := _no_model(row, named) or _no_load(row, serves=serves):
        return Beside(None, why_not)
    rate = row.request_rate is not None
    left = ours[ours["serves"] == serves]
    for column, wanted, words in (
        ("model", named, f"measured {' or '.join(named)}"),
        *_layout_of(file),
        ("reuse", ["none"], "is without reuse"),
        ("answer", ["free"], "has free answers"),
        ("paced", [rate], "was sent at a rate" if rate else "was sent without a rate"),
        ("valid", [True], "counts"),
    ):
        left = left[left.assign(paced=left["request_rate"].notna())[column].isin(wanted)]
        if left.empty:
            return Beside(None, f"no {'load point' if serves else 'run'} of ours {words}")
    distances = [_distance(each, row) for _, each in left.iterrows()]
    return Beside(left.iloc[distances.index(min(distances))])


def models_of(name: str | None, file: ImportedFile, models: Mapping[str, ModelAsset]) -> list[str]:
    """Our names of the model that a file is about; owner, folder and capitals do not count."""
    if file.model:
        return [file.model]
    asked = (last_part(name) or "").casefold()
    return [ours for ours, asset in models.items() if asked in _called(ours, asset)]


def _called(name: str, asset: ModelAsset) -> set[str]:
    """All that a model may be called in a file of theirs."""
    return {part.casefold() for part in map(last_part, (name, asset.id, asset.path)) if part}


def _no_model(row: Figures, named: Sequence[str]) -> str:
    if named:
        return ""
    said = f"none of our models is called {row.model}" if row.model else "the file names no model"
    return f"{said}; the key 'model' beside its path says which it is"


def _no_load(row: Figures, *, serves: bool) -> str:
    return "the file does not say how requests came" if serves and row.load is None else ""


def _layout_of(file: ImportedFile) -> list[tuple[str, list[Any], str]]:
    n = file.texts_per_request or 1
    if n == 1:
        return [("layout", ["separate"], "has separate prompts")]
    return [("layout", ["packed"], "has packed prompts"), ("n", [n], f"has {n} texts in a prompt")]


def _distance(run: "pd.Series[Any]", row: Figures) -> tuple[float, float]:
    """How far apart loads are, then lengths of requests: both as ratios."""
    theirs = row.request_rate or row.max_concurrency or row.requests
    rate, limit = (run[name] if pd.notna(run[name]) else None for name in ("request_rate", "max_concurrency"))
    load = _apart(rate or limit or run["requests"], theirs) if run["serves"] else 0.0
    return load, _apart(tokens_per_request(run), row.tokens_per_request)


def tokens_per_request(run: "pd.Series[Any]") -> float | None:
    """Tokens of prompt and answer together, of one of ours."""
    rates = run["total_token_throughput"], run["request_throughput"]
    return float(rates[0]) / float(rates[1]) if all(pd.notna(rate) and rate for rate in rates) else None


def _apart(ours: float | None, theirs: float | None) -> float:
    return abs(math.log(ours / theirs)) if ours and theirs else math.inf
