"""Studies: how a question and its grid are written down, and those that the default configuration asks.

To add one to the default, add it to `default_studies` and call ``make config``. `batchscope.studies.grid` makes runs
of them.
"""

from collections.abc import Mapping
from typing import TypeVar

from pydantic import Field

from batchscope.common.errors import UserError
from batchscope.config.block import Scalar, Section


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
