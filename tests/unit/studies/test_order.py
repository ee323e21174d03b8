"""In which order runs are measured."""

import re

from support.studies import runs

from batchscope.config.configuration import load_config
from batchscope.studies.grid import expand_studies
from batchscope.studies.order import measuring_order, runs_by_engine
from batchscope.studies.starts import in_start, name_of_run, with_starts

GRID = {"engine.extra.swap_space": [0, 4], "engine.variables.X": [None, True], "n": [4, 8, 16]}


def test_runs_share_an_engine_where_its_arguments_and_variables_are_the_same() -> None:
    engines = runs_by_engine(runs(grid=GRID))
    assert [len(ids) for ids in engines.values()] == [3, 3, 3, 3]
    assert all(name.startswith("demo-cpu-") for name in engines)
    alike = runs(grid={"n": [4, 8]}, overrides=[{"when": {"n": 4}, "set": {"engine.variables.X": None}}])
    assert len(runs_by_engine(alike)) == 1, "a variable that is not set is no other engine"


def test_each_engine_s_runs_are_measured_one_after_the_other() -> None:
    found = runs(grid=GRID)
    order = measuring_order(found)
    assert sorted(order.values()) == list(range(1, 13))
    for ids in runs_by_engine(found).values():
        places = [order[run] for run in ids]
        assert max(places) - min(places) == 2
    assert order == measuring_order(found), "random, and the same each time"


def test_runs_of_one_engine_share_an_allocation() -> None:
    found = expand_studies(load_config({}))
    engines = runs_by_engine(found)
    assert sorted(run for ids in engines.values() for run in ids) == sorted(run.id for run in found)
    configurations = {run.id: run.engine.model_dump() for run in found}
    assert all(len({str(configurations[run]) for run in ids}) == 1 for ids in engines.values())
    assert len(engines) == len({str(each) for each in configurations.values()})
    assert all(re.fullmatch(r"demo-cpu-[0-9a-f]{6}", name) for name in engines)


def order_of_starts(starts: int, **values: object) -> list[list[str]]:
    """Names of runs as they are measured, a list for each round of engine starts."""
    found = runs(**{"grid": GRID, **values, "set": {"measure.starts": starts}})
    order = measuring_order(with_starts(found))
    first_to_last = sorted(order, key=order.__getitem__, reverse=True)
    return [
        first_to_last[round_ : round_ + len(found)] for round_ in range(0, len(first_to_last), len(found))
    ]


def test_rounds_follow_each_other_and_each_second_one_goes_backwards() -> None:
    first, second, third, fourth = (list(map(name_of_run, ids)) for ids in order_of_starts(4))
    assert sorted(first) == sorted(second) == sorted(third) == sorted(fourth)
    assert second == first[::-1]
    assert fourth == third[::-1]
    assert third not in (first, second), "another random order"


def test_the_first_round_is_that_of_a_run_with_one_start() -> None:
    assert order_of_starts(3)[0] == order_of_starts(1)[0]


def test_each_start_has_an_engine_of_its_own() -> None:
    found = runs(grid=GRID)
    first, second = (runs_by_engine([in_start(run, start) for run in found]) for start in (1, 2))
    assert [f"{name}-start2" for name in first] == list(second)
    assert [[name_of_run(run) for run in ids] for ids in second.values()] == list(first.values())
