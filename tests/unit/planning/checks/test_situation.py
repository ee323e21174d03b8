"""Engines that a call would start, and where the configuration names what they are started with."""

from pathlib import Path

from support.studies import DEFAULT

from batchscope.planning.checks.situation import Situation
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.order import runs_by_engine


def test_each_engine_configuration_comes_once() -> None:
    runs = [*expand_studies(DEFAULT), *expand_serving(DEFAULT)]
    engines = Situation(DEFAULT, Path("results"), runs).engines
    assert len(engines) == len(runs_by_engine(runs))
    assert sum(len(use.runs) for use in engines) == len(runs)
    assert [use.serves for use in engines].count(True) == 1


def test_an_argument_is_named_where_the_configuration_has_it() -> None:
    engines = Situation(DEFAULT, Path("results"), expand_studies(DEFAULT)).engines
    keys = {use.key("max_num_batched_tokens") for use in engines}
    assert keys == {
        "engine.args.max_num_batched_tokens",
        "studies.batched_tokens: engine.max_num_batched_tokens",
    }
    assert engines[0].key("max_model_len") == "engine.args.max_model_len"
