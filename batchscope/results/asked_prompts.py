"""What was asked and what was answered: the prompts of a run, and the output tokens of its requests."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.json
import pyarrow.parquet as pq

from batchscope.common.atomic_files import sha256_of
from batchscope.common.errors import UserError
from batchscope.config.reading.older_names import TEXT_IDS
from batchscope.results.records import Measurement

LABEL_LOGPROBS = "label_logprobs"
"""Column of requests.parquet: for each text of the prompt, log-probabilities of the labels in their order."""

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

    Beside them `LABEL_LOGPROBS`, where the engine was asked for it.

    Raises:
        UserError: the file is missing or damaged.
    """
    path = folder / "requests.parquet"
    try:
        there = pq.read_schema(path).names
        wanted = ["repeat", "prompt", "output_token_ids", *({LABEL_LOGPROBS} & set(there))]
        frame: pd.DataFrame = pq.read_table(path, columns=wanted).to_pandas()
    except (OSError, ValueError) as error:  # pyarrow's own errors derive from these
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: cannot be read ({reason}); delete {folder} and rerun") from None
    return frame
