"""What would not fit on a job's command line is refused when the configuration is read."""

import shlex
import subprocess

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.reading.command_lines import LONGEST

LONG = "x" * LONGEST


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"task": {"examples": [{"text": LONG, "label": "positive"}]}}, "task.examples"),
        ({"prompts": {"system": "电" * (LONGEST // 6)}}, "prompts.system"),
        ({"engine": {"args": {"extra": {"a": LONG}}}}, "engine.args"),
        ({"dataset": {"file": {"path": LONG}}}, "dataset.file"),
        ({"environments": {"cpu": {"python": LONG, "device": "cpu"}}}, "environments.cpu"),
        ({"models": {"demo": {"source": "local", "path": LONG}}}, "models.demo"),
    ],
)
def test_a_block_that_is_too_long_is_refused_by_its_longest_key(values: dict[str, object], key: str) -> None:
    with pytest.raises(UserError) as error:
        load_config(values)
    assert f"  {key}: takes " in str(error.value)
    assert "shorten it" in str(error.value)


def test_what_is_taken_does_fit() -> None:
    """Quotes are the worst: a shell needs five characters for each."""
    text = "'" * (LONGEST // 5 - 1000)
    load_config({"task": {"instruction": text}})
    command = f"echo {shlex.quote(text)} {'x' * 20_000}"
    assert subprocess.run(["bash", "-c", command], capture_output=True, check=True, text=True).stdout
