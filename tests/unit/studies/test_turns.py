"""Which engines take turns on several devices."""

from typing import Any

import pytest
from support.studies import DEFAULT

from batchscope.config.configuration import load_config
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.order import runs_by_engine
from batchscope.studies.run import Run
from batchscope.studies.turns import turns_of_engines


def runs(**studies: Any) -> list[Run]:
    """Those of some studies alone, and the load points of ``serving``."""
    serving = studies.pop("serving", {})
    config = load_config(
        {
            "studies": dict.fromkeys(DEFAULT.studies) | studies,
            "serving": {"studies": dict.fromkeys(DEFAULT.serving.studies) | serving},
        }
    )
    return [*expand_studies(config), *expand_serving(config)]


def engines_of(study: str, found: list[Run]) -> set[str]:
    mine = [run for run in found if run.study == study]
    return set(runs_by_engine(mine))


def sizes(*limits: int, n: int = 4) -> dict[str, Any]:
    """A study with an engine for each limit."""
    return {"grid": {"n": [n], "engine.max_num_seqs": list(limits)}}


@pytest.mark.parametrize("devices", [0, 1])
def test_one_device_needs_no_turns(devices: int) -> None:
    assert turns_of_engines(runs(one=sizes(4, 8)), devices) == {}


def test_each_engine_of_one_study_has_a_turn_of_its_own() -> None:
    found = runs(one=sizes(4, 8, 16))
    turns = turns_of_engines(found, 2)
    assert set(turns) == engines_of("one", found)
    assert len(set(turns.values())) == 3


def test_runs_that_are_compared_take_turns_if_that_takes_no_longer() -> None:
    found = runs(one=sizes(4, 8), other=sizes(16, 32))
    turns = turns_of_engines(found, 2)
    of_one, of_other = ({turns[name] for name in engines_of(study, found)} for study in ("one", "other"))
    assert len(of_one) == len(of_other) == 1
    assert of_one != of_other, "the second device has the other study"
    assert len(set(turns_of_engines(found, 4).values())) == 4, "four devices would wait for two studies"
    uneven = runs(one=sizes(4, 8, 16, 32, 64), other=sizes(128))
    assert len(set(turns_of_engines(uneven, 2).values())) == 6, "one study would keep one device for long"


def test_studies_that_share_an_engine_are_one_group() -> None:
    found = runs(one=sizes(4, 8), other=sizes(8, 16, n=2), third=sizes(32, 64, 128))
    turns = turns_of_engines(found, 2)
    assert len(set(turns.values())) == 2
    assert {turns[name] for name in engines_of("one", found)} == {
        turns[name] for name in engines_of("other", found)
    }


def test_a_server_is_another_engine_than_the_offline_one() -> None:
    load = {"set": {"n": 4}, "grid": {"load.request_rate": [20, 40]}}
    found = runs(one={"grid": {"n": [4]}}, serving={"one": load})
    turns = turns_of_engines(found, 2)
    assert len(turns) == len(set(turns.values())) == 2
    assert sum(name.startswith("server-") for name in turns) == 1
