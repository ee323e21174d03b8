"""In which order runs are measured."""

import re

from support.studies import runs

from batchscope.config.configuration import load_config
from batchscope.studies.grid import expand_studies
from batchscope.studies.order import measuring_order, runs_by_engine

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
