"""First names of keys: refused in a configuration, read where something was measured under them."""

import json
from typing import Any

import pytest
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.reading.older_names import KEYS, configuration_today, workload_today
from batchscope.studies.grid import expand_serving, expand_studies

VALUES = {
    "workload.reviews": 8,
    "workload.output_tokens_per_review": None,
    "dataset.generated.reviews": 9,
    "dataset.csv.review_column": "text",
}


def nested(path: str, value: object) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def study(name: str, value: object, block: str) -> dict[str, Any]:
    """A study that has a key in one of the blocks where studies have keys."""
    point = {name: value, "n": 4}
    blocks: dict[str, dict[str, Any]] = {
        "set": {"set": point, "grid": {"n": [4]}},
        "grid": {"grid": {name: [value], "n": [4]}},
        "include": {"include": [point]},
        "overrides": {"grid": {"n": [4]}, "overrides": [{"when": {"n": 4}, "set": {name: value}}]},
    }
    return blocks[block]


@pytest.mark.parametrize("older", KEYS)
def test_a_first_name_is_refused_with_todays_which_is_right(older: str) -> None:
    today = KEYS[older]
    with pytest.raises(UserError) as refused:
        load_config(nested(older, VALUES[older]))
    assert f"  {older} is called {today} now; rename it" in str(refused.value).splitlines()
    config = load_config(nested(today, VALUES[older]))
    assert config == load_config(configuration_today(nested(older, VALUES[older])))
    assert config != load_config({})


@pytest.mark.parametrize("block", ["set", "grid", "include", "overrides"])
@pytest.mark.parametrize(
    ("older", "today", "value"),
    [("reviews", "texts", 8), ("output_tokens_per_review", "output_tokens_per_text", 2)],
)
@pytest.mark.parametrize(("where", "expand"), [("", expand_studies), ("serving.", expand_serving)])
def test_a_study_s_first_names_are_refused_too(
    older: str, today: str, value: int, block: str, where: str, expand: Any
) -> None:
    values = nested(f"{where}studies.mine", study(older, value, block))
    with pytest.raises(UserError, match=rf"{where}studies\.mine\.{block}: {older} is called {today} now"):
        expand(load_config(values))
    (right,) = expand(load_config(nested(f"{where}studies.mine", study(today, value, block))))
    (read,) = expand(load_config(configuration_today(values)))
    assert read == right
    assert getattr(read.workload, today) == value


def test_names_of_the_user_s_own_stay() -> None:
    values = {
        "task": {"labels": ["reviews", "review_column"]},
        "models": {"reviews": {"source": "demo"}},
        "studies": {"reviews": {"set": {"engine.model": "reviews"}, "grid": {"n": [4]}}, "packing": None},
    }
    assert configuration_today(values) == values


def test_the_configuration_of_a_reference_is_read() -> None:
    kept = json.loads((ROOT / "docs/reference/h100/config.json").read_text())
    before = json.dumps(kept)
    today = configuration_today(kept)
    assert json.dumps(kept) == before, "what is read is not changed"
    assert configuration_today(today) == today
    config = load_config(today)
    assert (config.dataset.generated.texts, config.dataset.csv.text_column) == (4000, "review")
    assert {run.workload.texts for run in expand_studies(config) if run.study == "saturation"} == {160, 1600}


def test_a_workload_that_was_measured_is_read() -> None:
    assert workload_today({"n": 4, "reviews": 8}) == {"n": 4, "texts": 8}
    assert workload_today({"n": 4, "texts": 8}) == {"n": 4, "texts": 8}
    assert workload_today(None) is None, "what is damaged is another's to say"
