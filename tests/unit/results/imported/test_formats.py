"""Which format a file is of, and what of it is taken."""

import random
from typing import Any, get_args

import pytest
from support.imported_results import FILES, content_of, write_json

from batchscope.common.errors import UserError
from batchscope.config.imported import ImportedFile, ImportFormat
from batchscope.results.imported.formats import FORMATS, read_imported

REAL = {
    "vllm_throughput.json": "vllm bench throughput",
    "vllm_serve.json": "vllm bench serve",
    "guidellm.json": "GuideLLM",
    "aiperf.json": "AIPerf",
    "aiperf.csv": "AIPerf",
}


def read(path: Any, **keys: Any) -> Any:
    return read_imported("x", ImportedFile(path=str(path), **keys))


def test_the_configuration_knows_every_format():
    assert set(get_args(ImportFormat)) == {"auto", *FORMATS}


@pytest.mark.parametrize(("name", "tool"), REAL.items())
def test_each_real_file_is_recognised_by_its_content(name, tool):
    found = read(FILES / name)
    assert found.format.tool == tool
    assert found.rows
    assert sum(each.recognises(content_of(name)) for each in FORMATS.values()) == 1


def test_a_format_that_is_another_one_is_told():
    with pytest.raises(UserError, match=r"imported.x.format: .* but of GuideLLM; write guidellm or auto"):
        read(FILES / "guidellm.json", format="aiperf")
    assert read(FILES / "guidellm.json", format="guidellm").rows


@pytest.mark.parametrize("content", [{}, {"a": 1}, [1, 2], [], {"benchmarks": [3]}, {"benchmarks": {}}])
def test_a_file_of_no_known_format_is_told_with_all_that_are(tmp_path, content):
    with pytest.raises(
        UserError, match=r"imported.x.path: .*no known format.*; name a file of one of these: vllm"
    ):
        read(write_json(tmp_path / "theirs.json", content))


def test_a_wrong_version_and_a_run_without_an_answer_are_told(tmp_path):
    newer = content_of("guidellm.json") | {"metadata": {"version": 9}}
    with pytest.raises(UserError, match=r"version 9 of GuideLLM.*; write it again"):
        read(write_json(tmp_path / "theirs.json", newer))
    failed = content_of("vllm_serve.json") | dict.fromkeys(
        ("request_throughput", "output_throughput", "total_token_throughput"), 0.0
    )
    with pytest.raises(UserError, match="no request was answered; name the file of a run that ended"):
        read(write_json(tmp_path / "theirs.json", failed))


ODD = (None, True, -1, 1e308, 10**400, "", "x" * 10_000, [], [[]], {}, {"unit": "ms"}, "\x1b[2J", "NaN")


@pytest.mark.parametrize("name", [name for name in REAL if name.endswith(".json")])
def test_whatever_stands_in_a_file_ends_in_figures_or_in_a_message(tmp_path, name):
    """60 files each, with some values replaced by others."""
    chance = random.Random(name)
    for _ in range(60):
        content = spoilt(content_of(name), chance)
        assert_told_or_read(write_json(tmp_path / "theirs.json", content))


def assert_told_or_read(path: str) -> None:
    said, values = "imported.x.", []
    try:
        rows = read(path).rows
        values = [value for row in rows for value in row.as_row().values() if isinstance(value, float)]
    except UserError as error:
        said = str(error)
    assert said.startswith("imported.x.")
    assert all(0 <= value < float("inf") for value in values)


def spoilt(content: Any, chance: random.Random) -> Any:
    if chance.random() < 0.02:
        return chance.choice(ODD)
    if isinstance(content, dict):
        return {key: spoilt(value, chance) for key, value in content.items()}
    return [spoilt(value, chance) for value in content] if isinstance(content, list) else content
