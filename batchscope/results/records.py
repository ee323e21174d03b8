"""Measurement folders as typed records.

A run's folder holds ``measurement.json`` and ``environment.json``; unknown keys are ignored, so that
the engine side can add some without breaking older readers. Beside them lie tables of requests, engine steps
and hardware samples (`batchscope.common.schemas`); older folders lack some, which reads as empty.

Whether a run counts is not said here but found from all of these: `batchscope.results.gates`.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    model_validator,
)

from batchscope.common.errors import UserError
from batchscope.common.schemas import HARDWARE, REQUESTS, STEPS
from batchscope.config.model import ModelAsset
from batchscope.config.reading.older_names import COLUMNS, workload_today
from batchscope.config.workload import Workload
from batchscope.results.intact.measurement_folder import (
    DamagedError,
    damaged,
    read_intact,
    read_value,
    remedy_for,
)
from batchscope.statistics.intervals import Ending, ending_of


class Record(BaseModel):
    """Part of a measurement: frozen, open to keys that a later version adds."""

    model_config = ConfigDict(frozen=True, extra="ignore", protected_namespaces=())


class Repeat(Record):
    """One timed pass of a run. Token counts are totals over all requests; ``started_at`` is unix time."""

    started_at: float
    seconds: PositiveFloat
    requests: NonNegativeInt
    prompt_tokens: NonNegativeInt
    output_tokens: NonNegativeInt
    cached_tokens: NonNegativeInt = 0
    steps: NonNegativeInt | None = None
    """engine steps that computed something; absent without telemetry"""
    energy_j: float | None = None
    """what the GPUs took; none on CPU and for windows too short to tell"""
    shared_prefix: dict[str, NonNegativeInt] = Field(default_factory=dict)
    """counts of cascade attention (docs/files.md); empty where it was not asked for, and from a server"""

    @property
    def total_tokens(self) -> int:
        """Prompt and output tokens; prompt tokens from the prefix cache count, as in vLLM's figures."""
        return self.prompt_tokens + self.output_tokens


class LongestPrompt(Record):
    """The longest prompt of a file."""

    tokens: NonNegativeInt


class Prompts(Record):
    """The prompts as they were written to their file; totals over all of them."""

    id: str
    sha256: str
    prompts: NonNegativeInt
    prompt_tokens: NonNegativeInt
    labels: NonNegativeInt
    """labels asked for: one for each text of each prompt"""
    longest_prompt: LongestPrompt


class EngineSpec(Record):
    """What vLLM was asked to start with."""

    model: str
    environment: str
    args: dict[str, Any] = Field(default_factory=dict)
    variables: dict[str, str] = Field(default_factory=dict)


class Spec(Record):
    """All that decided what the run measured."""

    workload: Annotated[Workload, BeforeValidator(workload_today)]
    engine: EngineSpec
    model: ModelAsset
    task: dict[str, Any] = Field(default_factory=dict)
    measure: dict[str, Any] = Field(default_factory=dict)
    start: int = 1
    """the engine start that it was measured in"""
    versions: dict[str, str] = Field(default_factory=dict)


class EngineState(Record):
    """The engine as it ran: seconds of its start, and the arguments that vLLM resolved."""

    start_s: float | None = None
    start_id: str | None = None
    """tells engine starts apart; none in files from before there was one"""
    reused: bool = False
    resolved: dict[str, Any] = Field(default_factory=dict)
    sparse_layers: dict[str, NonNegativeInt] = Field(default_factory=dict)
    """counts of layers with 2:4 kernels (docs/files.md); empty where nobody counted"""


class Invalidity(Record):
    """Why a run does not count: a reason code, and the sentence behind it."""

    code: str
    detail: str = ""


class AnswerBounds(Record):
    """Fewest and most output tokens of a prompt with n texts."""

    n: PositiveInt
    least: PositiveInt
    most: PositiveInt


class Stopped(Record):
    """Why there were no further repeats, and how precise they were: a share of the mean."""

    reason: Literal["repeats", "precision", "cap", "budget"]
    half_width: float | None = None


class Sweep(Record):
    """The run's job as a whole, its engine's start included, without its wait for the device.

    Files from before that wait was told apart have it in ``seconds``.
    """

    seconds: PositiveFloat
    waited_s: NonNegativeFloat = 0.0


class ClientState(Record):
    """How busy a server's client was, as a share of one core, and how late its event loop came by.

    Nothing is known of it for an offline run, which has none.
    """

    cpu_share: float | None = None
    lag_median_s: float | None = None
    lag_p99_s: float | None = None
    lag_max_s: float | None = None


Status = Literal["ok", "oom", "died", "timeout", "unfit", "refused", "broke", "damaged"]
"""How a run ended: measured; out of memory; the engine ended in the middle; it took too long; it was left
out, for texts or context had no room for it; the engine did not accept its configuration; or it broke while
it started. Of one that is ``damaged`` nothing is known any more
(`batchscope.results.configured_runs`)."""


class Measurement(Record):
    """``measurement.json``."""

    schema_version: Literal[1, 2] = Field(alias="schema")
    """2: it has a seal (`batchscope.common.seal`)"""
    study: str
    run: str
    status: Status
    message: str = ""
    log_tail: tuple[str, ...] = ()
    """the last lines of the log of a run that failed"""
    spec: Spec
    prompts: Prompts
    engine: EngineState = Field(default_factory=EngineState)
    repeats: tuple[Repeat, ...] = ()
    stopped: Stopped | None = None
    expected_cached_tokens: NonNegativeInt | None = 0
    """prompt tokens of one repeat that the prefix cache must serve, in theory"""
    invalid: tuple[Invalidity, ...] = ()
    """what the engine's own checks found; `batchscope.results.gates.validity_of` adds to it"""
    answers: tuple[AnswerBounds, ...] = ()
    """how long answers may be; empty in files from before answers could vary"""
    architecture: dict[str, Any] = Field(default_factory=dict)
    """the model's shape, as config.json has it; empty where it is not known"""
    sweep: Sweep | None = None
    client: ClientState = ClientState()

    @model_validator(mode="after")
    def _an_ok_run_has_repeats(self) -> "Measurement":
        if self.status == "ok" and not self.repeats:
            raise ValueError("status is ok, and there is no repeat")
        return self

    @property
    def ending(self) -> Ending:
        """How the repeats ended, which decides how wide their intervals must be."""
        reason = self.stopped.reason if self.stopped else None
        return ending_of(reason, len(self.repeats), self.spec.measure.get("repeats", 0))

    @property
    def id(self) -> str:
        """Study and run: the run's folder below ``runs``."""
        return f"{self.study}/{self.run}"

    @property
    def is_sealed(self) -> bool:
        """Whether its files have checksums, which were held against them when it was read."""
        return self.schema_version > 1

    @property
    def texts(self) -> int:
        """Texts labelled in one repeat, duplicates counted each time."""
        return self.spec.workload.total_texts * self.spec.workload.duplicates


class Gpu(Record):
    """The GPU that the engine ran on; the first of several, and ``ids`` of all."""

    name: str
    ids: tuple[str, ...] = ()
    """tell GPUs of one kind apart: those that were sampled; none in files from before there were any"""
    held: tuple[str, ...] | None = None
    """those that were locked for the engine; None: not known"""
    computing: tuple[str, ...] | None = None
    """those that the engine's processes were on, by the driver; None: not known"""
    memory_bytes: NonNegativeInt | None = None
    driver: str | None = None
    power_limit_w: float | None = None
    power_limit_default_w: float | None = None


class Cpu(Record):
    """The host's processor."""

    model: str
    cores: NonNegativeInt | None = None


class Environment(Record):
    """``environment.json``: where and with what the run was measured."""

    measured_at: datetime
    hostname: str = ""
    git_commit: str | None = None
    device: Literal["cpu", "cuda"]
    gpu: Gpu | None = None
    cpu: Cpu
    versions: dict[str, str | None] = Field(default_factory=dict)
    fingerprint: str


def _empty() -> pd.DataFrame:
    return pd.DataFrame()


@dataclass(frozen=True)
class RunRecord:
    """A run as it lies on disk. Each table is empty where there is none."""

    measurement: Measurement
    environment: Environment
    requests: pd.DataFrame = field(default_factory=_empty)
    """columns of `REQUESTS` but the output's ids"""
    steps: pd.DataFrame = field(default_factory=_empty)
    """columns of `STEPS`"""
    hardware: pd.DataFrame = field(default_factory=_empty)
    """columns of `HARDWARE`"""
    labels: pd.DataFrame = field(default_factory=_empty)
    """columns of `batchscope.results.label_rows.LABELS`; they come from a file of the study's"""
    reference: "RunRecord | None" = None
    """its reference run (`batchscope.results.reference_run`), with one row of labels a text"""
    most_precise: "RunRecord | None" = None
    """the run of the same prompts and the most precise engine of its study, as ``reference``"""
    client: pd.DataFrame = field(default_factory=_empty)
    """of a load point, columns of `batchscope.common.schemas.CLIENT`: its requests as the client saw them"""


Kind = TypeVar("Kind", bound=Record)


def load_run(folder: Path) -> RunRecord:
    """Read one run's folder.

    Raises:
        DamagedError: a file is missing, unreadable, incomplete or not as it was written; the message names it
            and the remedy.
    """
    return RunRecord(
        load_measurement(folder, only=None),
        read_record(folder / "environment.json", Environment),
        load_table(folder / "requests.parquet", REQUESTS),
        load_table(folder / "steps.parquet", STEPS),
        load_table(folder / "hardware.parquet", HARDWARE),
    )


def load_measurement(folder: Path, only: Collection[str] | None = ("environment.json",)) -> Measurement:
    """Read a run's ``measurement.json``, and hold its files against the seal in it.

    Args:
        folder: the run's.
        only: the files to look at; None: all.

    Raises:
        DamagedError: as `load_run`.
    """
    return load_measured(folder, Measurement, only)


def load_measured(folder: Path, kind: type[Kind], only: Collection[str] | None = None) -> Kind:
    """As `load_measurement`, as a record of this kind."""
    path = folder / "measurement.json"
    return as_record(read_intact(path, only), path, kind)


def load_runs(folders: Iterable[Path]) -> list[RunRecord]:
    """Read run folders, in the order given.

    Raises:
        UserError: as `load_run`; or two folders hold the same run.
    """
    runs = {folder: load_run(folder) for folder in folders}
    seen: dict[tuple[str, str], Path] = {}
    for folder, run in runs.items():
        key = (run.measurement.study, run.measurement.run)
        if key in seen:
            raise UserError(
                f"{folder} and {seen[key]} both hold run {'/'.join(key)}; delete the one that was copied"
            )
        seen[key] = folder
    return list(runs.values())


def read_record(path: Path, kind: type[Kind]) -> Kind:
    """Read a JSON file of a run, which is not held against any seal.

    Raises:
        DamagedError: it is missing, unreadable or incomplete; the message names it and the remedy.
    """
    return as_record(read_value(path), path, kind)


def as_record(value: Any, path: Path, kind: type[Kind]) -> Kind:
    """The content of a JSON file of a run as a record.

    Raises:
        DamagedError: something is missing in it, or of another kind.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(map(str, problem["loc"]))
        message = problem["msg"].removeprefix("Value error, ")
        raise damaged(path, f"{key + ': ' if key else ''}{message}") from None


UNREADABLE = (OSError, ValueError, TypeError, MemoryError, OverflowError, pa.ArrowException)
"""What pyarrow and pandas raise where a Parquet file is damaged."""


def first_line(error: BaseException) -> str:
    """An error's message, as far as it fits into a sentence."""
    return next(iter(str(error).splitlines()), type(error).__name__)


def load_table(path: Path, schema: pa.Schema, remedy: str | None = None) -> pd.DataFrame:
    """A table's columns without nested ones; no row where the file is missing.

    Raises:
        DamagedError: the file is damaged; the message names the remedy, by default that for a run's folder.
    """
    remedy = remedy or remedy_for(path.parent)
    wanted = pa.schema([column for column in schema if not pa.types.is_list(column.type)])
    try:
        table = pq.read_table(path) if path.exists() else schema.empty_table()
        table = table.rename_columns([COLUMNS.get(name, name) for name in table.column_names])
        if absent := [name for name in wanted.names if name not in table.column_names]:
            raise DamagedError(f"{path}: damaged: no column '{absent[0]}'; {remedy}")
        frame: pd.DataFrame = table.select(wanted.names).cast(wanted).to_pandas()
    except UNREADABLE as error:
        raise DamagedError(f"{path}: damaged: cannot be read ({first_line(error)}); {remedy}") from None
    return frame
