"""Runs in several engine starts: names that cannot collide, and specifications that stay as they were."""

import pytest
from support.studies import runs

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.studies.run_spec import run_spec
from batchscope.studies.starts import in_start, name_of_run, with_starts


def started(starts: int, **values: object):
    return with_starts(runs(**{"grid": {"n": [4, 8]}, "set": {"measure.starts": starts}, **values}))


def test_the_first_start_has_the_run_s_name_and_all_first_starts_come_first() -> None:
    names = [run.name for run in started(3)]
    assert names[:2] == [run.name for run in started(1)]
    assert names[2:4] == [f"{name}.start2" for name in names[:2]]
    assert names[4:] == [f"{name}.start3" for name in names[:2]]
    assert [run.start for run in started(3)] == [1, 1, 2, 2, 3, 3]


def test_only_the_study_that_asks_has_more() -> None:
    one, three = runs(grid={"n": [4]}), runs(grid={"n": [8]}, set={"measure.starts": 3})
    assert [run.name for run in with_starts([*one, *three])][2:] == [
        f"{three[0].name}.start{k}" for k in (2, 3)
    ]


@pytest.mark.parametrize("value", ["a.start2", "a.START2", "x.start20"])
def test_no_run_s_own_name_is_that_of_another_one_s_start(value: str) -> None:
    """A text among the axes may end like a start's folder."""
    for others in ([value], [value, value.rpartition(".")[0]]):
        found = runs(grid={"engine.extra.revision": others, "n": [4]}, set={"measure.starts": 20})
        names = [run.name.casefold() for run in with_starts(found)]
        assert len(set(names)) == len(names) == 20 * len(others)
        assert all(name_of_run(run.name) == run.name for run in found)


def test_the_number_of_starts_is_in_no_specification_and_the_later_ones_have_their_own() -> None:
    config = load_config({})
    alone, *_ = started(1)
    first, _, second, *_ = started(3)
    specs = [run_spec(run, config, {}) for run in (alone, first, second)]
    assert specs[0] == specs[1]
    assert specs[2] == {**specs[0], "start": 2}


def test_more_measurements_than_a_call_can_hold_are_refused() -> None:
    many = [in_start(run, 1) for run in runs(grid={"n": [4]}, set={"measure.starts": 20})] * 1_001
    with pytest.raises(UserError, match=r"measure.starts: 1,001 runs .* are 20,020 measurements, and 20,000"):
        with_starts(many)


@pytest.mark.parametrize("wrong", [0, 21, -1, 2.5, "three"])
def test_wrong_numbers_of_starts_are_refused(wrong: object) -> None:
    with pytest.raises(UserError, match="starts"):
        load_config({"measure": {"starts": wrong}})
