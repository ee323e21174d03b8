"""The block ``measure``: how a run is measured."""

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from batchscope.config.base_block import LONGEST_TIME_S, Block
from batchscope.statistics.intervals import ENOUGH


class Measure(Block):
    """How a run is measured."""

    starts: PositiveInt = Field(
        1,
        le=20,
        description="engine starts that each run is measured in; 3 or more for a claim (docs/statistics.md)",
    )
    warmup_tokens: int = Field(
        16384,
        ge=0,
        le=1_000_000_000,
        description="prompt tokens submitted before the clock starts, discarded; 0: no warm-up",
    )
    repeats: PositiveInt = Field(3, le=1000, description="timed passes of a run, at least")
    precision: float | None = Field(
        0.02,
        ge=0,
        lt=1,
        description="go on until the mean is known within this share; null: exactly 'repeats'",
    )
    max_repeats: PositiveInt = Field(10, le=100, description="most passes of a run that does not get precise")
    repeat_budget_s: PositiveFloat | None = Field(
        20,
        le=LONGEST_TIME_S,
        description="no pass beyond 'repeats' starts once all took so many seconds; null: no limit",
    )
    timeout_s: PositiveInt = Field(
        3600, le=LONGEST_TIME_S, description="a run that takes longer is stopped, and shown as timed out"
    )
    engine_reuse: bool = Field(
        True, description="runs with one engine configuration share one engine start; false: an engine each"
    )
    telemetry: bool = Field(
        True,
        description="record every engine step and the hardware's state; "
        "false only to measure what that costs",
    )

    @property
    def stops_by_precision(self) -> bool:
        """Whether the number of passes depends on what was measured."""
        return bool(self.precision) and self.max_repeats > self.repeats

    @model_validator(mode="after")
    def _an_interval_needs_repeats(self) -> "Measure":
        if self.stops_by_precision and self.repeats < ENOUGH:
            raise ValueError(
                f"repeats: {self.repeats} is too few to know how precise a run is; "
                f"raise it to {ENOUGH} or more, or set precision: null"
            )
        return self
