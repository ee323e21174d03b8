"""What was asked and what was answered: the prompts of a run, and the output tokens of its requests."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq

from batchscope.common.atomic_files import read_json, sha256_of
from batchscope.common.errors import UserError
from batchscope.config.reading.older_names import TEXT_IDS
from batchscope.results.records import UNREADABLE, Measurement, first_line

LABEL_LOGPROBS = "label_logprobs"
"""Column of requests.parquet: at each output token that is a label, the log-probability of every label."""

ANSWER_LOGPROBS = "answer_logprobs"
"""Column of requests.parquet: the log-probability of each output token."""

_PROMPTS = pa.schema(
    [
        ("id", pa.int64()),
        ("text_ids", pa.list_(pa.int64())),
        (TEXT_IDS, pa.list_(pa.int64())),
        ("labels", pa.list_(pa.string())),
        ("duplicate", pa.int64()),
    ]
)
_LONGEST_LINE = 256 << 20  # bytes; a prompt of a million tokens has 7 MB


@dataclass(frozen=True)
class AskedPrompt:
    """What a prompt asked for: the labels of these texts."""

    text_ids: tuple[int, ...]
    gold: tuple[str | None, ...]
    """None where the right label is not known"""
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
        return {
            number: AskedPrompt(tuple(older if ids is None else ids), tuple(gold), copy)
            for number, ids, older, gold, copy in rows
        }
    except UNREADABLE as error:
        raise UserError(
            f"{path}: cannot be read ({first_line(error)}); delete {path.parent} and rerun"
        ) from None


def check_prompts(path: Path, run: Measurement, measured: Path) -> None:
    """Refuse prompts that are not those of the measurement: its answers belong to others.

    Args:
        path: prompts.jsonl.
        run: the measurement.
        measured: its folder.

    Raises:
        UserError: the file's content is another, or it cannot be read.
    """
    try:
        content = sha256_of(path)
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; rerun, which makes it again") from None
    if content == run.prompts.sha256:
        return
    made = (read_json(path.with_name("prompts.json")) or {}).get("sha256")
    wrong = f"{path}: not the prompts that {run.id} was measured with"
    if content != made:
        raise UserError(f"{wrong}, nor those that were made; delete {path.parent} and rerun")
    raise UserError(f"{wrong}; measure it again: delete {measured} and rerun")


def read_answers(folder: Path) -> pd.DataFrame:
    """``repeat``, ``prompt`` and ``output_token_ids`` of a run's ``requests.parquet``.

    Beside them `LABEL_LOGPROBS` and `ANSWER_LOGPROBS`, where the file has them; None where the engine was not
    asked.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = folder / "requests.parquet"
    try:
        there = pq.read_schema(path).names
        wanted = ["repeat", "prompt", "output_token_ids", *({LABEL_LOGPROBS, ANSWER_LOGPROBS} & set(there))]
        frame: pd.DataFrame = pq.read_table(path, columns=wanted).to_pandas()
    except UNREADABLE as error:
        raise UserError(f"{path}: cannot be read ({first_line(error)}); delete {folder} and rerun") from None
    return frame
