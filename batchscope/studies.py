"""Studies: how a question and its grid are written down, and those that the default configuration asks.

To add one to the default, add it to `default_studies` and call ``make config``. `batchscope.runs` makes runs
of them.
"""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import Field

from batchscope.errors import UserError
from batchscope.section import Scalar, Section


class Override(Section):
    """Values for the points of a grid that match ``when``."""

    when: dict[str, Scalar] = Field(description="axis values that a point must have")
    set: dict[str, Scalar] = Field(description="what then holds")


class Plot(Section):
    """What the study's plot shows."""

    x: str = Field("n", description="the key on the x axis")
    series: str = Field("layout", description="the key that tells lines and bars apart")


class Grid(Section):
    """A named question: a grid of runs, with exceptions."""

    question: str = Field("", description="what it answers; shown above its table and plot")
    set: dict[str, Scalar] = Field(default_factory=dict, description="values for all of its runs")
    grid: dict[str, list[Scalar]] = Field(
        default_factory=dict, description="axis: list of values; every combination is a run"
    )
    include: list[dict[str, Scalar]] = Field(default_factory=list, description="single further runs")
    overrides: list[Override] = Field(default_factory=list, description="exceptions for points of the grid")


class Study(Grid):
    """A question to the offline engine.

    Keys of ``set``, ``grid``, ``include`` and ``overrides`` are those of 'workload', or dotted ones such as
    engine.max_num_batched_tokens, engine.model or measure.repeats.
    """

    plot: Plot = Field(
        default_factory=Plot, description="what its plot shows: the keys on the x axis and of the series"
    )


Asked = TypeVar("Asked", bound=Grid)


def study_named(studies: Mapping[str, Asked], name: str) -> Asked:
    """The study that a script's ``--study`` names.

    Raises:
        UserError: there is none of that name; the message lists those that there are.
    """
    if name not in studies:
        raise UserError(f"--study: no study '{name}'; there are {', '.join(studies)}")
    return studies[name]


def default_studies() -> dict[str, Study | None]:
    """The demo's studies: the published questions at a size that a laptop answers in minutes."""
    return {
        "packing": Study(
            question="Is it faster to put n reviews into one prompt, or to send n prompts?",
            grid={"n": [4, 40], "layout": ["packed", "separate"]},
        ),
        "saturation": Study(
            question="With the engine kept busy, how many reviews should share a prompt?",
            set={"layout": "packed", "reviews": 160},
            grid={"n": [40, 20, 4]},
            # the last run has ten times the work: busy means that it is no faster
            include=[{"layout": "separate", "n": 1}, {"n": 40, "reviews": 1600}],
        ),
        "reuse": Study(
            question="When the same prompts come again and the prefix cache serves them, does packing pay?",
            set={"n": 40, "duplicates": 5},
            grid={"reuse": ["none", "text", "full"], "layout": ["packed", "separate"]},
            plot=Plot(x="reuse", series="layout"),
        ),
        "instruction": Study(
            question="Does it pay to put the instruction first, where the prefix cache can serve it?",
            set={"layout": "separate", "n": 1, "reviews": 200},
            grid={"instruction": ["last", "first"], "reuse": ["none", "full"]},
            plot=Plot(x="instruction", series="reuse"),
        ),
        "batched_tokens": Study(
            question="How many tokens, and how many requests, should one engine step hold?",
            set={"layout": "packed", "n": 4, "reviews": 200},
            grid={"engine.max_num_batched_tokens": [4096, 1024, 16384]},
            include=[{"engine.max_num_batched_tokens": 4096, "engine.max_num_seqs": 4}],
            plot=Plot(x="engine.max_num_batched_tokens", series="engine.max_num_seqs"),
        ),
        "decoding": Study(
            question="Does it help to let the model answer with nothing but labels?",
            set={"layout": "packed", "reviews": 200},
            grid={"n": [40, 4], "decoding": ["free", "labels"]},
            include=[
                {"layout": "separate", "n": 1, "decoding": "free"},
                {"layout": "separate", "n": 1, "decoding": "labels"},
            ],
            plot=Plot(x="n", series="decoding"),
        ),
    }
