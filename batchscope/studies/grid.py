"""The runs of all studies: every combination of a grid, single further points, and exceptions to both."""

import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches

from batchscope.common.canonical_json import canonical_json
from batchscope.common.errors import UserError
from batchscope.config.base_block import Scalar
from batchscope.config.configuration import Config
from batchscope.config.documented.default_studies import default_studies
from batchscope.config.serving import default_serving_studies
from batchscope.config.studies import GridStudy, Override, Study
from batchscope.studies.axes import AXES, SERVING_AXES, Axes, Point, place_of, with_text
from batchscope.studies.names import distinct
from batchscope.studies.run import Run
from batchscope.studies.run_from_point import run_from_point, show

DEFAULTS: Mapping[str, Callable[[], Mapping[str, GridStudy | None]]] = {
    "studies": default_studies,
    "serving.studies": default_serving_studies,
}
"""What an overlay that gives a study another grid has under it: it inherits the rest of the study."""

MOST_RUNS = 20_000
"""Of all studies together. More than this is a grid with an axis too many."""


def expand_studies(config: Config) -> list[Run]:
    """Every run of every study, in the order of the file.

    Raises:
        UserError: names the study and the key, and what would be right.
    """
    runs = _runs_of_all("studies", config.active_studies, AXES, config)
    if not runs:
        raise UserError("studies: there is nothing to run; give at least one study a grid")
    return runs


def expand_serving(config: Config) -> list[Run]:
    """Every run on the server, in the order of the file; there may be none.

    Raises:
        UserError: names the study and the key, and what would be right.
    """
    return _runs_of_all("serving.studies", config.serving.active_studies, SERVING_AXES, config)


def _runs_of_all(block: str, studies: Mapping[str, GridStudy], axes: Axes, config: Config) -> list[Run]:
    counts = {name: _count(study) for name, study in studies.items()}
    if (total := sum(counts.values())) > MOST_RUNS:
        name = max(counts, key=counts.__getitem__)
        raise UserError(
            f"{block}.{name}: asks for {counts[name]:,} runs, all studies for {total:,}, and "
            f"{MOST_RUNS:,} are the most; "
            "take values off its axes, or list single points under 'include'"
        )
    for name, study in studies.items():
        _check_keys(f"{block}.{name}", study, axes)
        if not counts[name]:
            _refuse_without_runs(block, name, studies)
    return [run for name, study in studies.items() for run in _runs_of(block, name, study, axes, config)]


def _count(study: GridStudy) -> int:
    """Runs of a study, without making them."""
    return (math.prod(map(len, study.grid.values())) if study.grid else 0) + len(study.include)


def _refuse_without_runs(block: str, name: str, studies: Mapping[str, GridStudy]) -> None:
    """A study without runs may be another one's name, misspelt."""
    for axis, values in studies[name].grid.items():
        if not values:
            raise UserError(
                f"{block}.{name}.grid.{axis}: the list is empty; give at least one value or drop the axis"
            )
    close = get_close_matches(name, [other for other in studies if other != name], n=1)
    meant = f"; if you mean '{close[0]}', correct the name" if close else ""
    raise UserError(
        f"{block}.{name}: no runs; give it a grid (axis: list of values) or an include list{meant}"
    )


def _runs_of(block: str, name: str, study: GridStudy, axes: Axes, config: Config) -> list[Run]:
    where = f"{block}.{name}"
    points = [with_text(point) for point in (*_combinations(study), *study.include)]
    default = DEFAULTS[block]().get(name)
    _check_overrides(where, study, points, default.overrides if default else ())
    runs = [run_from_point(where, name, point, _values(study, point), axes, config) for point in points]
    _refuse_equal_runs(where, runs, points)
    names = distinct([run.name for run in runs], points)
    return [replace(run, name=name) for run, name in zip(runs, names, strict=True)]


def _combinations(study: GridStudy) -> list[Point]:
    if not study.grid:
        return []
    return [
        dict(zip(study.grid, combination, strict=True))
        for combination in itertools.product(*study.grid.values())
    ]


def _values(study: GridStudy, point: Point) -> Point:
    """All that a study sets for one of its points; later exceptions win."""
    asked = {**with_text(study.set), **point}
    values = dict(asked)
    for override in study.overrides:
        if _matches(asked, override.when):
            values |= with_text(override.set)
    return values


def _check_keys(where: str, study: GridStudy, axes: Axes) -> None:
    _check_plot(where, study)
    blocks: list[tuple[str, Iterable[str]]] = [("set", study.set), ("grid", study.grid)]
    blocks += [("include", point) for point in study.include]
    blocks += [("overrides", [*override.when, *override.set]) for override in study.overrides]
    for block, keys in blocks:
        for key in keys:
            try:
                place_of(key, axes)
            except ValueError as error:
                raise UserError(f"{where}.{block}: {error}") from None


def _check_plot(where: str, study: GridStudy) -> None:
    """Keys of a plot are those of studies; one of the engine's arguments may lack ``extra``, as in tables."""
    if not isinstance(study, Study):
        return
    for role, key in (("x", study.plot.x), ("series", study.plot.series)):
        try:
            if not key.startswith("engine.") and key != "model":
                place_of(key, AXES)
        except ValueError as error:
            raise UserError(f"{where}.plot.{role}: {error}") from None
    _check_baseline(where, study)


def _check_baseline(where: str, study: Study) -> None:
    """A baseline is one of the values that the study writes down for an axis of its plot.

    The default study's own need not be there: whoever gave the study another grid did not write it.
    """
    inherited = default_studies().get(where.partition(".")[2])
    if inherited and study.plot.baseline == inherited.plot.baseline:
        return
    axes = (study.plot.x, study.plot.series)
    points = [study.set, *study.include, *(override.set for override in study.overrides)]
    named = [value for axis in axes for value in study.grid.get(axis, [])]
    named += [point[axis] for axis in axes for point in points if axis in point]
    if study.plot.baseline is not None and named and study.plot.baseline not in named:
        raise UserError(
            f"{where}.plot.baseline: no run has {study.plot.baseline} for {' or '.join(axes)}; "
            f"name one of {', '.join(dict.fromkeys(map(str, named)))}, or leave it out"
        )


def _check_overrides(
    where: str, study: GridStudy, points: Sequence[Point], inherited: Sequence[Override]
) -> None:
    """An exception that holds for no run is a mistake, unless it is one of the default study's own."""
    fixed = with_text(study.set)
    for override in study.overrides:
        if override not in inherited and not any(
            _matches({**fixed, **point}, override.when) for point in points
        ):
            raise UserError(f"{where}.overrides: no run has {show(override.when)}; correct 'when' or drop it")


def _matches(point: Point, when: Mapping[str, Scalar]) -> bool:
    return all(key in point and point[key] == value for key, value in with_text(when).items())


def _refuse_equal_runs(where: str, runs: Sequence[Run], points: Sequence[Point]) -> None:
    """Two points of one name that ask for the same thing would be measured twice for nothing."""
    seen: dict[tuple[str, str], Point] = {}
    for run, point in zip(runs, points, strict=True):
        blocks = (run.workload, run.engine, run.measure, run.load)
        asked = canonical_json([block and block.model_dump() for block in blocks])
        other = seen.setdefault((run.name.casefold(), asked), point)
        if other is not point:
            raise UserError(f"{where}: {show(point)} and {show(other)} are the same run; drop one")
