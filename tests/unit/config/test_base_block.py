"""What holds of every block."""

import pytest
from pydantic import ValidationError

from batchscope.common.errors import UserError
from batchscope.config.configuration import Config, load_config


def test_values_never_change_after_loading() -> None:
    config = Config()
    with pytest.raises(ValidationError, match="frozen"):
        config.workload.n = 5


NO_NAMES = {
    "a/b": "such as 'a_b'",
    "": "a letter or digit first",
    ".hidden": "such as 'hidden'",
    "-x": "such as 'x'",
    "a b": "such as 'a_b'",
    "größe": "such as 'gr_e'",
    "电影": "letters (a to z)",
    "a\n": "such as 'a'",
    "../up": "such as 'up'",
    "a.": "ends in a dot",
    "x" * 61: "has 61 characters",
    "CON": "name of a device",
    "nul.x": "name of a device",
}


@pytest.mark.parametrize("block", ["studies", "serving.studies", "models", "environments"])
@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_that_is_no_folder_s_is_refused_with_one_that_is(name: str, block: str) -> None:
    entry = {"models": {"source": "demo"}, "environments": {"python": "p", "device": "cpu"}}.get(
        block, {"grid": {"n": [4]}}
    )
    values = {block: {name: entry}} if "." not in block else {"serving": {"studies": {name: entry}}}
    with pytest.raises(UserError) as error:
        load_config(values)
    said = str(error.value)
    assert f"  {block}." in said or f"  {block}: " in said
    assert NO_NAMES[name] in said or "control character" in said
    assert "[key]" not in said


@pytest.mark.parametrize("block", ["studies", "models", "environments"])
def test_names_that_differ_in_capitals_alone_are_refused(block: str) -> None:
    entry = {"models": {"source": "demo"}, "environments": {"python": "p", "device": "cpu"}}.get(
        block, {"grid": {"n": [4]}}
    )
    with pytest.raises(UserError, match=f"{block}: 'Mine' and 'mine' differ in capitals alone; rename one"):
        load_config({block: {"Mine": entry, "mine": entry}})


def test_a_study_that_is_dropped_takes_no_name() -> None:
    load_config({"studies": {"Packing": {"grid": {"n": [4]}}, "packing": None}})


def test_a_name_may_have_digits_dots_and_lines() -> None:
    assert "8b_v1.5-x" in load_config({"models": {"8b_v1.5-x": {"source": "demo"}}}).models
