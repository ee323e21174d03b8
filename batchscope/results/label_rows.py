"""Rows of labels, ``results/labels/{study}.parquet``: what each text was labelled in each timed pass.

One row per run, repeat, prompt and text, made and read here. The labels come from the output tokens of the
timed passes themselves; docs/labels.md has the rule by which they are read.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from batchscope.common.errors import UserError
from batchscope.inputs.answers.confidence import among_labels, of_tokens
from batchscope.inputs.answers.reader import Answer, AnswerReader
from batchscope.results.asked_prompts import ANSWER_LOGPROBS, LABEL_LOGPROBS, AskedPrompt
from batchscope.results.records import Measurement, RunRecord, load_table

_LABEL = pa.dictionary(pa.int16(), pa.string())

LABELS = pa.schema(
    [
        ("run", pa.dictionary(pa.int32(), pa.string())),
        ("repeat", pa.int32()),  # 0 is the first timed pass
        ("prompt", pa.int32()),  # id in prompts.jsonl
        ("duplicate", pa.int32()),  # 0 for the first submission of the prompt's texts
        ("position", pa.int32()),  # of the text in its prompt, from 0
        ("text_id", pa.int32()),  # of the text
        ("gold", _LABEL),  # null: the right label is not known
        ("label", _LABEL),  # null: the answer has none for this text
        ("confidence", pa.float32()),  # the label's probability (docs/labels.md); null: not asked for
        ("found", pa.int32()),  # labels in the prompt's answer, surplus ones included
        ("missing", pa.int32()),  # texts of the prompt without a label
        ("surplus", pa.int32()),  # labels of its answer that belong to no text
        ("n", pa.int32()),  # texts in the prompt
    ]
)
"""labels/{study}.parquet: one row per run, repeat, prompt and text."""

Labels = Mapping[tuple[str, str], pd.DataFrame]
"""Rows of labels by study and run."""

_FIRST = pa.schema([column for column in LABELS if column.name not in ("confidence", "missing", "surplus")])
"""Columns of files from before there were others."""


def label_rows(
    run: str,
    answers: pd.DataFrame,
    prompts: dict[int, AskedPrompt],
    reader: AnswerReader,
    names: Sequence[str],
) -> pa.Table:
    """Columns `LABELS` of one run, a row a text of each request, in the requests' order.

    Args:
        run: its name.
        answers: as `read_answers` has them.
        prompts: by their id.
        reader: reads labels from output tokens.
        names: of the labels, in the order of `LABEL_LOGPROBS`.
    """
    asked = [prompts[number] for number in answers["prompt"]]
    sizes = [len(prompt.text_ids) for prompt in asked]
    found = reader.read([ids.tolist() for ids in answers["output_token_ids"]], sizes)

    def each(values: Iterable[int]) -> npt.NDArray[np.int64]:
        """A value of each request, for each of its texts."""
        return np.repeat(np.fromiter(values, np.int64, len(sizes)), sizes)

    columns = {
        "run": pa.array([run] * sum(sizes), pa.string()).dictionary_encode(),
        "repeat": each(answers["repeat"]),
        "prompt": each(answers["prompt"]),
        "duplicate": each(prompt.duplicate for prompt in asked),
        "position": [place for size in sizes for place in range(size)],
        "text_id": [number for prompt in asked for number in prompt.text_ids],
        "gold": _words(label for prompt in asked for label in prompt.gold),
        "label": _words(label for answer in found for label in answer.labels),
        "confidence": pa.array(_confidences(answers, found, reader, names), pa.float32()),
        "found": each(answer.found for answer in found),
        "missing": each(answer.missing for answer in found),
        "surplus": each(answer.surplus for answer in found),
        "n": each(sizes),
    }
    return pa.table([pa.array(columns[column.name]).cast(column.type) for column in LABELS], LABELS)


def _words(labels: Iterable[str | None]) -> pa.Array:
    return pa.array(list(labels), pa.string()).dictionary_encode()


def _confidences(
    answers: pd.DataFrame, found: Sequence[Answer], reader: AnswerReader, names: Sequence[str]
) -> Iterator[float | None]:
    """The confidence of each text's label; None throughout where the engine was not asked."""
    place_of = {name: number for number, name in enumerate(names)}
    open_labels = reader.open_labels
    unasked = [None] * len(found)
    told = zip(answers.get(LABEL_LOGPROBS, unasked), answers.get(ANSWER_LOGPROBS, unasked), strict=True)
    for ids, answer, (of_labels, of_answer) in zip(answers["output_token_ids"], found, told, strict=True):
        if of_labels is not None:
            numbers = [None if label is None else place_of[label] for label in answer.labels]
            yield from among_labels(reader.places(ids, answer), numbers, reader.spoken(ids), of_labels)
        elif of_answer is not None:
            yield from of_tokens(reader.places(ids, answer), answer.labels, of_answer, open_labels)
        else:
            yield from (None for _ in answer.labels)


def load_labels(path: Path) -> pd.DataFrame:
    """A study's labels; no row where there is no file.

    Raises:
        UserError: the file is damaged.
    """
    remedy = "delete it and rerun"
    if path.exists() and _is_old(path):
        rows = load_table(path, _FIRST, remedy)
        labelled = (
            rows["label"].notna().groupby([rows[key] for key in ("run", "repeat", "prompt")], observed=True)
        )
        count = labelled.transform("sum").astype("int32")
        return rows.assign(
            confidence=np.float32("nan"), missing=rows["n"] - count, surplus=rows["found"] - count
        )
    return load_table(path, LABELS, remedy)


def labels_of_studies(frames: Mapping[str, pd.DataFrame]) -> dict[tuple[str, str], pd.DataFrame]:
    """Rows of labels by study and run, from each study's labels."""
    return {
        (study, str(run)): rows.reset_index(drop=True)
        for study, frame in frames.items()
        for run, rows in frame.groupby("run", observed=True)
    }


def _is_old(path: Path) -> bool:
    """Whether a file is from before it had all columns; a damaged one is not."""
    try:
        return set(_FIRST.names) <= set(pq.read_schema(path).names) < set(LABELS.names)
    except (OSError, ValueError):
        return False


def with_labels(records: Sequence[RunRecord], folder: Path) -> list[RunRecord]:
    """The runs, each with its labels from ``{study}.parquet`` in the folder; without where it has none.

    A run that was damaged since has none either.

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
        if rows is not None and run.status == "ok":
            _check_rows(rows, run, folder / f"{run.study}.parquet")
            record = replace(record, labels=rows.reset_index(drop=True))  # noqa: PLW2901
        found.append(record)
    return found


def _check_rows(rows: pd.DataFrame, run: Measurement, path: Path) -> None:
    """Every repeat must have a row for each label that it asked for: an older file has other repeats."""
    asked = dict.fromkeys(range(len(run.repeats)), run.prompts.labels)
    if rows.groupby("repeat").size().to_dict() != asked:
        raise UserError(f"{path}: its rows of {run.run} are not those of its repeats; delete it and rerun")
