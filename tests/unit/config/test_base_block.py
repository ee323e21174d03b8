"""What holds of every block."""

import pytest
from pydantic import ValidationError

from batchscope.config.configuration import Config, load_config


def test_values_never_change_after_loading() -> None:
    config = Config()
    with pytest.raises(ValidationError, match="frozen"):
        config.workload.n = 5


@pytest.mark.parametrize("name", ["a/b", "", ".hidden", "-x", "a b", "größe"])
def test_a_name_that_is_no_folder_s_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="String should match pattern"):
        Config.model_validate({"studies": {name: {"grid": {"n": [4]}}}})


def test_a_name_may_have_digits_dots_and_lines() -> None:
    assert "8b_v1.5-x" in load_config({"models": {"8b_v1.5-x": {"source": "demo"}}}).models
