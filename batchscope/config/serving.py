"""The block ``serving``: what is asked of vLLM's server, and how it gets its requests."""

from typing import Any, Literal

from pydantic import Field, PositiveFloat, PositiveInt, field_validator

from batchscope.config.base_block import LONGEST_TIME_S, Block, Name, told_apart
from batchscope.config.studies import GridStudy, Override

TIMES_UNDER_WAY = 10
"""So many times the requests under way make a load: ramp and drain are then a fifth of it."""

FEWEST = 100
"""Requests of a load with few under way: its figures have intervals then."""


class Load(Block):
    """How the server gets its requests."""

    requests: PositiveInt | None = Field(
        None,
        le=10_000_000,
        description="how many, the prompts from the first on, again and again; null: each prompt once",
    )
    max_concurrency: PositiveInt | None = Field(
        None, le=1_000_000, description="closed loop: at most so many are under way; null: no limit"
    )
    request_rate: PositiveFloat | None = Field(
        None,
        le=1_000_000,
        description="open loop: so many are sent in a second, whatever the server does; null: at once",
    )
    burstiness: PositiveFloat = Field(
        1.0, description="how a rate's requests arrive: 1: Poisson; less: in bursts; more: evenly"
    )
    prompts: Literal["text", "ids"] = Field(
        "text", description="what is sent: text, which the server tokenises, or the token ids themselves"
    )
    seed: int = Field(
        0,
        ge=0,
        description="of the times of arrival; several in a grid are passes of one load, three for a claim",
    )
    timeout_s: PositiveInt = Field(
        900,
        le=LONGEST_TIME_S,
        description="a load that takes longer is stopped, and shown as timed out; so is a server's start",
    )

    @property
    def enough_requests(self) -> int | None:
        """Requests from which on a closed loop has a steady window; None for other loads."""
        return max(FEWEST, TIMES_UNDER_WAY * self.max_concurrency) if self.max_concurrency else None


class Slo(Block):
    """What a request must keep to count for goodput; null: no limit."""

    ttft_ms: PositiveFloat | None = Field(500, description="time to the first token")
    tpot_ms: PositiveFloat | None = Field(
        None, description="time per further token; a request of one token keeps any"
    )
    e2el_ms: PositiveFloat | None = Field(None, description="time to the last token")


class ServingStudy(GridStudy):
    """A question to the server.

    Keys of ``set``, ``grid``, ``include`` and ``overrides`` are those of 'workload', or dotted ones such as
    load.max_concurrency, load.request_rate, engine.max_num_batched_tokens, or any engine argument as
    engine.extra.<argument> and any environment variable as engine.variables.<NAME>.
    """


def default_serving_studies() -> dict[str, ServingStudy | None]:
    """The default's: the published cases, then each kind of load until the server can do no more."""
    return {
        "layouts": ServingStudy(
            question="Through a server: is it faster to send n texts in one prompt, or n prompts?",
            set={"n": 40},
            grid={"layout": ["packed", "separate"]},
        ),
        "closed_loop": ServingStudy(
            question="With how many requests under way is the server busy, and what does each then wait?",
            set={"n": 4, "texts": 100, "load.requests": 100},
            grid={"layout": ["separate", "packed"], "load.max_concurrency": [1, 8, 64]},
            # ten times what is under way, or there is no steady window
            overrides=[Override(when={"load.max_concurrency": 64}, set={"load.requests": 640})],
        ),
        "open_loop": ServingStudy(
            question="How many requests a second can come before they pile up?",
            set={"layout": "separate", "n": 1, "texts": 200},
            grid={"load.request_rate": [20, 100, 1000]},
        ),
    }


class Serving(Block):
    """What is asked of vLLM's server, and how it gets its requests."""

    port: int | None = Field(
        None, ge=1, le=65535, description="where the server listens on 127.0.0.1; null: any that is free"
    )
    load: Load = Field(default_factory=Load, description="how the server gets its requests, in every run")
    slo: Slo = Field(default_factory=Slo, description="what a request must keep to count for goodput")
    studies: dict[Name, ServingStudy | None] = Field(
        default_factory=default_serving_studies,
        description="the questions, as under 'studies'; also load.request_rate and the like. null drops one",
    )

    @field_validator("studies")
    @classmethod
    def _names_differ(cls, studies: dict[str, Any]) -> dict[str, Any]:
        told_apart([name for name, study in studies.items() if study is not None])
        return studies

    @property
    def active_studies(self) -> dict[str, ServingStudy]:
        """Studies that are not dropped with ``null``, in the order of the file."""
        return {name: study for name, study in self.studies.items() if study is not None}
