"""What ``verdict.json`` holds. Numbers are plain, shares from 0 to 1; words and sentences are finished.

A field that is None is not known, or means nothing here.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

State = Literal[
    "recommended", "kept", "refused", "speed only", "not comparable", "invalid", "failed"
]  # fmt: skip
"""What became of a setting. ``speed only``: its weights are random, so that its labels mean nothing."""

By = Literal["accuracy", "agreement"]

Limit = Literal["compute", "memory", "host", "decode", "unknown"]

Matters = Literal["yes", "no", "can't tell", "not asked"]


@dataclass(frozen=True)
class Estimate:
    """Texts a second."""

    value: float
    low: float | None
    high: float | None
    means: str
    """what the interval is one of"""


@dataclass(frozen=True)
class Right:
    """How right the labels of a setting are."""

    by: By
    value: float
    low: float
    high: float
    reference: str | None = None
    """``study/run`` of the run that it is held against"""
    most_lost: float | None = None
    """share of texts that it may be behind that run by, at most"""
    margin: float | None = None
    """share of texts that it may not be behind by"""


@dataclass(frozen=True)
class RestsOn:
    """The evidence."""

    starts: int
    gpus: int
    repeats: int
    texts: int
    gold: bool
    words: str


@dataclass(frozen=True)
class Sure:
    """How sure an answer is."""

    level: Literal["none", "one start", "settled"]
    words: str


@dataclass(frozen=True)
class Gain:
    """Speed of the setting over that of another one, as it would come out again on another engine start."""

    over: str
    run: str | None
    ratio: float
    low: float | None
    high: float | None
    conclusive: bool
    why: str
    """why it is not conclusive; empty where it is"""
    words: str


@dataclass(frozen=True)
class PerMillion:
    """What a million texts take: hours of the whole engine; money where a price is known."""

    hours: float
    low: float | None
    high: float | None
    price_per_gpu_hour: float | None
    money: float | None


@dataclass(frozen=True)
class LimitedBy:
    """What a faster machine would have to be faster at."""

    what: Limit
    words: str


@dataclass(frozen=True)
class Next:
    """Something to do; without a command where it takes more than one."""

    words: str
    command: str | None


@dataclass(frozen=True)
class Copy:
    """To copy: a Python script, commands for a shell, and one prompt."""

    python: str
    serve: str
    prompt: str


@dataclass(frozen=True)
class Fastest:
    """The fastest setting of those that count; where labels mean nothing, of all that are compared."""

    run: str
    words: str
    speed: Estimate


@dataclass(frozen=True)
class Answer:
    """What to do with texts that lie there, or with texts that come through a server."""

    recommended: str | None
    words: str | None
    sentence: str
    speed: Estimate | None = None
    right: Right | None = None
    coverage: float | None = None
    rests_on: RestsOn | None = None
    sure: Sure = Sure("none", "Nothing is recommended.")
    gains: tuple[Gain, ...] = ()
    default: str | None = None
    """what to call the setting where nothing is gained over the default, for it is the default itself"""
    per_million: PerMillion | None = None
    limited_by: LimitedBy | None = None
    could_be_wrong: tuple[str, ...] = ()
    next: tuple[Next, ...] = ()
    copy: Copy | None = None
    fastest: Fastest | None = None
    load: dict[str, Any] | None = None
    """of a server: how the requests came, and how long their answers took"""


@dataclass(frozen=True)
class Again:
    """A further run of a setting that another run stands for."""

    run: str
    """``study/run``"""
    study: str
    words: str
    """its speed: ``812 texts/s on 400 texts``; or why it has none"""


@dataclass(frozen=True)
class Setting:
    """One run of an offline study. Of several runs of one setting, one stands for it."""

    id: str
    study: str
    words: str
    layout: str
    n: int
    answer: str
    engine: dict[str, Any]
    """engine arguments that were asked for"""
    speed: Estimate | None
    right: Right | None
    coverage: float | None
    state: State
    why: str
    frontier: bool = False
    """whether no comparable setting is both faster and more often right"""
    same_as: str | None = None
    """``study/run`` of the run that stands for this setting; None: this one"""
    also: tuple[Again, ...] = ()
    """where else it was measured"""


@dataclass(frozen=True)
class Question:
    """Does it matter?"""

    id: str
    question: str
    answer: Matters
    effect: str
    study: str | None


@dataclass(frozen=True)
class Verdict:
    """The whole file."""

    title: str
    demo: bool
    machine: dict[str, Any]
    model: dict[str, Any]
    texts: dict[str, Any]
    offline: Answer
    server: Answer | None
    settings: tuple[Setting, ...]
    questions: tuple[Question, ...]
    schema: int = field(default=2)
