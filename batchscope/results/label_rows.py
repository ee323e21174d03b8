"""Rows of labels, ``results/labels/{study}.parquet``: what each review was labelled in each timed pass.

One row per run, repeat, prompt and review, made and read here. The labels come from the output tokens of the
timed passes themselves; `batchscope.inputs.answers.reader` has the rule by which they are read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq

from batchscope.common.atomic_files import sha256_of
from batchscope.common.errors import UserError
from batchscope.inputs.answers.reader import AnswerReader
from batchscope.results.records import Measurement, RunRecord, load_table

_WORD = pa.dictionary(pa.int8(), pa.string())

LABELS = pa.schema(
    [
        ("run", pa.dictionary(pa.int32(), pa.string())),
        ("repeat", pa.int32()),  # 0 is the first timed pass
        ("prompt", pa.int32()),  # id in prompts.jsonl
        ("duplicate", pa.int32()),  # 0 for the first submission of the prompt's reviews
        ("position", pa.int32()),  # of the review in its prompt, from 0
        ("review_id", pa.int32()),
        ("gold", _WORD),
        ("label", _WORD),  # null: the answer has none for this review
        ("found", pa.int32()),  # labels in the prompt's answer, surplus ones included
        ("n", pa.int32()),  # reviews in the prompt
    ]
)
"""labels/{study}.parquet: one row per run, repeat, prompt and review."""

_PROMPTS = pa.schema(
    [
        ("id", pa.int64()),
        ("review_ids", pa.list_(pa.int64())),
        ("labels", pa.list_(pa.string())),
        ("duplicate", pa.int64()),
    ]
)
_LONGEST_LINE = 256 << 20  # bytes; a prompt of a million tokens has 7 MB


@dataclass(frozen=True)
class AskedPrompt:
    """What a prompt asked for: the labels of these reviews."""

    review_ids: tuple[int, ...]
    gold: tuple[str, ...]
    duplicate: int


def read_prompts(path: Path) -> dict[int, AskedPrompt]:
    """The prompts of a ``prompts.jsonl`` by their id, without their tokens.

    Raises:
        UserError: the file is missing or damaged.
    """
    try:
        table = pa.json.read_json(
            path,
            pa.json.ReadOptions(block_size=min(path.stat().st_size + 1, _LONGEST_LINE)),
            pa.json.ParseOptions(explicit_schema=_PROMPTS, unexpected_field_behavior="ignore"),
        )
        rows = zip(*(table[name].to_pylist() for name in _PROMPTS.names), strict=True)
        return {number: AskedPrompt(tuple(ids), tuple(gold), copy) for number, ids, gold, copy in rows}
    except (OSError, ValueError, TypeError) as error:  # pyarrow's own errors derive from the first two
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: cannot be read ({reason}); delete {path.parent} and rerun") from None


def check_prompts(path: Path, run: Measurement) -> None:
    """Refuse prompts that are not those of the measurement: its answers belong to others.

    Raises:
        UserError: the file's content is another, or it cannot be read.
    """
    try:
        content = sha256_of(path)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; rerun, which makes it again") from None
    if content != run.prompts.sha256:
        raise UserError(
            f"{path}: not the prompts that {run.study}/{run.run} was measured with; measure it again: "
            f"snakemake --cores 1 --force results/runs/{run.study}/{run.run}/measurement.json"
        )


def read_answers(folder: Path) -> pd.DataFrame:
    """``repeat``, ``prompt`` and ``output_token_ids`` of a run's ``requests.parquet``.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = folder / "requests.parquet"
    try:
        frame: pd.DataFrame = pq.read_table(
            path, columns=["repeat", "prompt", "output_token_ids"]
        ).to_pandas()
    except (OSError, ValueError) as error:  # pyarrow's own errors derive from these
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: cannot be read ({reason}); delete {folder} and rerun") from None
    return frame


def label_rows(
    run: str, answers: pd.DataFrame, prompts: dict[int, AskedPrompt], reader: AnswerReader
) -> pa.Table:
    """Columns `LABELS` of one run, a row a review of each request, in the requests' order."""
    asked = [prompts[number] for number in answers["prompt"]]
    sizes = np.array([len(prompt.review_ids) for prompt in asked], dtype=np.int64)
    read = reader.read((ids.tolist() for ids in answers["output_token_ids"]), sizes.tolist())

    def each(values: Iterable[int]) -> npt.NDArray[np.int64]:
        """A value of each request, for each of its reviews."""
        return np.repeat(np.fromiter(values, np.int64, len(sizes)), sizes)

    columns = {
        "run": pa.array([run] * int(sizes.sum()), pa.string()).dictionary_encode(),
        "repeat": each(answers["repeat"]),
        "prompt": each(answers["prompt"]),
        "duplicate": each(prompt.duplicate for prompt in asked),
        "position": np.concatenate([np.arange(size) for size in sizes]) if len(sizes) else [],
        "review_id": [number for prompt in asked for number in prompt.review_ids],
        "gold": [label for prompt in asked for label in prompt.gold],
        "label": [label for answer in read for label in answer.labels],
        "found": each(answer.found for answer in read),
        "n": each(sizes),
    }
    return pa.table(
        [pa.array(values).cast(column.type) for column, values in zip(LABELS, columns.values(), strict=True)],
        LABELS,
    )


def load_labels(path: Path) -> pd.DataFrame:
    """A study's labels; no row where there is no file.

    Raises:
        UserError: the file is damaged.
    """
    return load_table(path, LABELS, remedy="delete it and rerun")


def with_labels(records: Sequence[RunRecord], folder: Path) -> list[RunRecord]:
    """The runs, each with its labels from ``{study}.parquet`` in the folder; without where it has none.

    Raises:
        UserError: a file is damaged, or has other rows than its run's passes asked for.
    """
    studies = dict.fromkeys(record.measurement.study for record in records)
    labels = {study: load_labels(folder / f"{study}.parquet") for study in studies}
    by_run = {study: dict(list(frame.groupby("run", observed=True))) for study, frame in labels.items()}
    found = []
    for record in records:
        run = record.measurement
        rows = by_run[run.study].get(run.run)
        if rows is not None:
            _check_rows(rows, run, folder / f"{run.study}.parquet")
            record = replace(record, labels=rows.reset_index(drop=True))  # noqa: PLW2901
        found.append(record)
    return found


def _check_rows(rows: pd.DataFrame, run: Measurement, path: Path) -> None:
    """Every repeat must have a row for each label that it asked for: an older file has other repeats."""
    asked = dict.fromkeys(range(len(run.repeats)), run.prompts.labels)
    if rows.groupby("repeat").size().to_dict() != asked:
        raise UserError(f"{path}: its rows of {run.run} are not those of its repeats; delete it and rerun")
