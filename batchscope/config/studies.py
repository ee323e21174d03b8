"""The entries of the block ``studies``: how a question and its grid of runs are written down.

The studies that the default configuration asks are in `batchscope.config.documented.default_studies`; runs
are made of a study in `batchscope.studies.grid`.
"""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import Field

from batchscope.common.errors import UserError
from batchscope.config.base_block import Block, Scalar
from batchscope.config.reading.messages import list_names


class Override(Block):
    """Values for those runs of a study that match ``when``."""

    when: dict[str, Scalar] = Field(description="axis values that a point must have")
    set: dict[str, Scalar] = Field(description="what then holds")


class Plot(Block):
    """What the study's plot shows."""

    x: str = Field("n", description="the key on the x axis")
    series: str = Field("layout", description="the key that tells lines and bars apart")
    baseline: Scalar | None = Field(
        None,
        description="the value, of x or of series, that runs with another one are compared with; "
        "null: separate prompts, or the first value",
    )


class GridStudy(Block):
    """A named question with a grid of runs and its exceptions: what every kind of study has."""

    question: str = Field("", description="what it answers; shown above its table and plot")
    set: dict[str, Scalar] = Field(default_factory=dict, description="values for all of its runs")
    grid: dict[str, list[Scalar]] = Field(
        default_factory=dict, description="axis: list of values; every combination is a run"
    )
    include: list[dict[str, Scalar]] = Field(default_factory=list, description="single further runs")
    overrides: list[Override] = Field(default_factory=list, description="exceptions for points of the grid")


class Study(GridStudy):
    """A question to the offline engine.

    Keys of ``set``, ``grid``, ``include`` and ``overrides`` are those of 'workload', or dotted ones such as
    engine.max_num_batched_tokens, engine.model or measure.repeats, or any engine argument as
    engine.extra.<argument> and any environment variable as engine.variables.<NAME>.
    """

    plot: Plot = Field(
        default_factory=Plot, description="what its plot shows: the keys on the x axis and of the series"
    )


AnyStudy = TypeVar("AnyStudy", bound=GridStudy)


def study_named(studies: Mapping[str, AnyStudy], name: str) -> AnyStudy:
    """The study that a script's ``--study`` names.

    Raises:
        UserError: there is none of that name; the message lists those that there are.
    """
    if name not in studies:
        raise UserError(f"--study: no study '{name}'; {list_names(name, studies)}")
    return studies[name]
