"""In which order runs are measured."""

from support.studies import runs

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
