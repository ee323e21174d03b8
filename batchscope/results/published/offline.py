"""The published figures of the offline engine, and which of them a run of ours may stand beside.

Those of the server are in `batchscope.results.published.serving`.
"""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from batchscope.common.errors import UserError
from batchscope.results.records import Measurement, Spec

HARDWARE = "H800"
"""What the study ran on: one of these."""

MODEL = "NousResearch/Hermes-3-Llama-3.1-8B"
"""What it served: its figures of the server name no model."""

LABEL = f"{HARDWARE} published"
"""Heads its columns and lines."""


ALIKE = 1.1
"""Factor by which the mean length of texts may be another for a published figure to stand beside ours."""

COMPARABLE_SIZE = 10
"""The same of their number: a tenth as many texts keep an engine busy in another way."""


class PublishedRun(BaseModel):
    """A row of ``docs/reference/h800/offline.csv``: throughputs per second, token totals of the whole run."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    study: str
    layout: str
    n: int
    texts: int = Field(validation_alias="reviews")  # the study's own word
    duplicates: int
    reuse: str
    model: str
    max_num_batched_tokens: int | None
    requests_per_s: float
    total_tokens_per_s: float
    output_tokens_per_s: float
    prompt_tokens: int
    output_tokens: int

    @field_validator("max_num_batched_tokens", mode="before")
    @classmethod
    def _empty_is_not_stated(cls, value: object) -> object:
        return None if value == "" else value

    @property
    def texts_per_s(self) -> float:
        """Texts x duplicates / seconds; seconds from tokens / (tokens/s), which has the most digits."""
        seconds = (self.prompt_tokens + self.output_tokens) / self.total_tokens_per_s
        return self.texts * self.duplicates / seconds


def load_published(path: Path) -> list[PublishedRun]:
    """Read the published rows.

    Raises:
        UserError: the file is missing, or a row is not what `PublishedRun` says.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [PublishedRun.model_validate(row) for row in csv.DictReader(file)]
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}; restore it with: git checkout -- {path}") from None
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        raise UserError(
            f"{path}: {key}: {problem['msg']}, got {problem['input']!r}; correct the row"
        ) from None


def match(published: Sequence[PublishedRun], run: Measurement) -> PublishedRun | None:
    """The published run that asked the same question: same study, layout, n, duplicates, reuse and wording.

    ``max_num_batched_tokens`` must agree where the published row states it. Of several rows (the study ran
    n = 40 at two lengths) the one nearest in number of texts is taken.
    """
    load = run.spec.workload
    batched = run.spec.engine.args.get("max_num_batched_tokens")
    candidates = [
        row
        for row in published
        if (row.study, row.layout, row.n, row.duplicates) == (run.study, load.layout, load.n, load.duplicates)
        and (row.reuse, "last", "free") == (load.reuse, load.instruction, load.answer)
        and row.max_num_batched_tokens in (None, batched)
    ]
    return min(candidates, key=lambda row: abs(math.log(row.texts / load.total_texts)), default=None)


def same_texts(row: PublishedRun, run: Measurement) -> bool:
    """Whether a run's texts may be the published ones: about as many, and about as long."""
    prompts, times = run.prompts, row.texts * row.duplicates
    if not prompts.labels:
        return False
    ours, theirs = prompts.prompt_tokens / prompts.labels, row.prompt_tokens / times
    return near(ours / theirs, ALIKE) and near(prompts.labels / times, COMPARABLE_SIZE)


def near(ratio: float, factor: float) -> bool:
    """Whether a ratio is 1, give or take a factor."""
    return 1 / factor <= ratio <= factor


def same_prompts(row: PublishedRun, run: Measurement) -> bool:
    """Whether a run submitted as many prompt tokens, and decoded as many, as the published one."""
    if not run.repeats:
        return False
    first = run.repeats[0]
    return (first.prompt_tokens, first.output_tokens) == (row.prompt_tokens, row.output_tokens)


def same_model(published: str, spec: Spec) -> bool:
    """Whether a run's model is the published one: by hub id, folder name or name in the configuration."""
    name = published.rpartition("/")[2].lower()
    ours = (spec.model.id, spec.model.path, spec.engine.model)
    return name in {Path(known).name.lower() for known in ours if known}
