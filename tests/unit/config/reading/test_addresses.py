"""Addresses and names on the hub that can be none."""

from typing import Any

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config

NO_ADDRESSES = (
    "http://[::1/x",
    "https://host:99999999/a",
    "http:///x",
    "HTTP://",
    "https://host:x/a",
    "http://me:secret@[::1/x",
)
NO_IDS = (
    "a//b",
    "../../x",
    "a b/c",
    "owner/name/more",
    "-x/y",
    "owner/na--me",
    "owner/x.git",
    "电影/x",
    "a" * 200,
    "owner/",
)
NO_REVISIONS = ("../x", "a b", "", "refs/../../x", "x" * 300, "a/")


def refusal(values: dict[str, Any]) -> str:
    with pytest.raises(UserError) as error:
        load_config(values)
    return str(error.value)


@pytest.mark.parametrize("url", NO_ADDRESSES)
def test_what_is_no_address_is_refused_by_its_key(url: str) -> None:
    assert "dataset.file.path: '" in refusal({"dataset": {"file": {"path": url}}})
    assert "dataset.csv.path: '" in refusal({"dataset": {"csv": {"path": url}}})
    said = refusal({"dataset": {"imdb": {"url": url}}})
    assert "dataset.imdb.url: " in said
    assert "https" in said
    assert "secret" not in said


@pytest.mark.parametrize("name", NO_IDS)
def test_what_is_no_name_on_the_hub_is_refused(name: str) -> None:
    for block, key in (
        ({"dataset": {"hub": {"id": name}}}, "dataset.hub.id"),
        ({"models": {"m": {"id": name}}}, "models.m.id"),
    ):
        said = refusal(block)
        assert f"{key}: " in said
        assert "write it as owner/name" in said
        assert len(said) < 300


@pytest.mark.parametrize("name", NO_REVISIONS)
def test_what_is_no_revision_is_refused(name: str) -> None:
    assert "models.m.revision: " in refusal({"models": {"m": {"source": "demo", "revision": name}}})
    assert "dataset.hub.revision: " in refusal({"dataset": {"hub": {"revision": name}}})


def test_what_there_is_is_taken() -> None:
    for name in ("gpt2", "stanfordnlp/imdb", "NousResearch/Hermes-3-Llama-3.1-8B", "01-ai/Yi_6B"):
        load_config({"models": {"demo": {"id": name, "revision": "refs/pr/3"}}})
    for path in (
        "http://[::1]:8000/x.csv",
        "https://me:pw@host/a?b=c",
        "data/{x} $HOME.csv",
        "[::1/x",
        "电影.csv",
    ):
        load_config({"dataset": {"file": {"path": path}, "csv": {"path": path}}})
