"""Data sets of the hub: which of its files are read, and what it answers when something is wrong.

The client is the hub's own, in a process of its own. It talks to a server here.
"""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.data_helpers import EARLIER, ENVIRONMENT, Outcome, command_line
from support.hub_site import Hub, commit_of, serving
from support.text_files import GOOD_BAD, as_parquet, pairs, texts_of

from batchscope.common.errors import UserError
from batchscope.config.dataset import HubDataset
from batchscope.inputs.texts.hub import Part, choose_parts, parts_in

CONVERTED = "refs/convert/parquet"
FIRST = [{"text": "A fine film.", "label": "good"}, {"text": "A poor film.", "label": "bad"}]
SECOND = [{"text": "So so.", "label": None}]


def make(folder: Path, url: str, **block: Any) -> Outcome:
    """The data set from the hub at an address, with a cache of its own."""
    (folder / "texts.csv").write_text(EARLIER)
    home = {"HF_HOME": str(folder / "hf"), "HF_ENDPOINT": url, "HF_HUB_DISABLE_XET": "1"}
    command = command_line(task=GOOD_BAD, source="hub", select="first", hub=block)
    left_out = {"HF_HUB_OFFLINE", "HF_TOKEN"}
    environment = {key: value for key, value in ENVIRONMENT.items() if key not in left_out} | home
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    return Outcome(folder, done.returncode, done.stdout, done.stderr)


def converted(*configs: str) -> dict[str, dict[str, bytes]]:
    files = {
        f"{config}/{split}/{number:04}.parquet": as_parquet(rows)
        for config in configs
        for split in ("train", "test")
        for number, rows in enumerate((FIRST, SECOND) if split == "train" else (SECOND,))
    }
    return {CONVERTED: files, "main": {"README.md": b"# Films"}}


def test_a_split_is_read_from_the_hubs_conversion(tmp_path: Path) -> None:
    with serving(Hub({"me/films": converted("default")})) as hub:
        outcome = make(tmp_path, hub.url, id="me/films")
    assert pairs(outcome) == [("A fine film.", "good"), ("A poor film.", "bad"), ("So so.", None)]
    assert outcome.summary["provenance"] == {
        "id": "me/films", "config": "default", "split": "train", "commit": commit_of(CONVERTED),
    }  # fmt: skip
    last = texts_of(outcome)[-1]
    assert last.id == "3", "of several files, counted on"
    assert (last.file, last.row) == ("me/films/default/train/0001.parquet", 1)
    assert not any("test/0000" in path for path in hub.paths), "other splits are not fetched"


def test_the_repositorys_own_files_where_there_is_no_conversion_and_a_revision(tmp_path: Path) -> None:
    branches = {
        "main": {"data/train-00000-of-00001.parquet": as_parquet(FIRST), "README.md": b""},
        "v2": {"data/train-00000-of-00001.parquet": as_parquet(SECOND)},
    }
    with serving(Hub({"me/films": branches})) as hub:
        assert [text for text, _ in pairs(make(tmp_path, hub.url, id="me/films"))] == [
            "A fine film.",
            "A poor film.",
        ]
        assert pairs(make(tmp_path, hub.url, id="me/films", revision="v2")) == [("So so.", None)]


@pytest.mark.parametrize(
    ("block", "fragments"),
    [
        ({"id": "me/nothing"}, ("dataset.hub.id", "the hub has no data set me/nothing", "private")),
        ({"id": "me/films"}, ("dataset.hub.config", "several subsets: de, en", "name one")),
        ({"id": "me/films", "config": "fr"}, ("dataset.hub.config", "no subset 'fr'", "de, en")),
        (
            {"id": "me/films", "config": "de", "split": "dev"},
            ("dataset.hub.split", "no split 'dev'", "train"),
        ),
        ({"id": "me/films", "revision": "v9"}, ("dataset.hub.revision", "no revision 'v9'")),
        ({"id": "me/empty"}, ("dataset.hub.id", "has no Parquet files", "dataset.source: file")),
        ({"id": "no spaces, please/x"}, ("dataset.hub.id",)),
        (
            {"id": "me/films", "config": "en", "label_column": "stars"},
            ("dataset.hub.label_column", "text, label"),
        ),
    ],
)
def test_what_is_not_there(tmp_path: Path, block: dict[str, Any], fragments: tuple[str, ...]) -> None:
    empty = {CONVERTED: {"README.md": b""}, "main": {}}
    with serving(Hub({"me/films": converted("de", "en"), "me/empty": empty})) as hub:
        make(tmp_path, hub.url, **block).assert_refused(*fragments)


@pytest.mark.parametrize(
    ("error", "fragments"),
    [
        ((403, "GatedRepo"), ("accept the licence of me/films", "hf auth login")),
        ((401, "RepoNotFound"), ("no data set me/films",)),
        ((401, ""), ("private", "hf auth login")),
        ((429, ""), ("too many requests", "wait a while")),
        ((400, ""), ("me/films could not be fetched", "check the network")),
    ],
)
def test_what_the_hub_refuses(tmp_path: Path, error: tuple[int, str], fragments: tuple[str, ...]) -> None:
    with serving(Hub({}, error)) as hub:
        make(tmp_path, hub.url, id="me/films").assert_refused("dataset.hub.id", *fragments)


def test_a_hub_that_does_not_answer(tmp_path: Path) -> None:
    outcome = make(tmp_path, "http://127.0.0.1:9", id="me/films")
    outcome.assert_refused("dataset.hub.id", "could not be fetched", "check the network")


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("default/train/0000.parquet", ("default", "train")),
        ("de/partial-test/0003.parquet", ("de", "test")),
        ("data/train-00000-of-00002.parquet", ("default", "train")),
        ("data/train-00001-of-00002-a09b74b3ef9c3b56.parquet", ("default", "train")),
        ("plain_text/test-00000-of-00001.parquet", ("plain_text", "test")),
        ("validation.parquet", ("default", "validation")),
    ],
)
def test_subset_and_split_are_in_a_files_path(path: str, part: tuple[str, str]) -> None:
    assert parts_in([path, "README.md", "data/notes.csv"]) == [Part(*part, path)]


def test_the_files_of_a_split_are_in_order() -> None:
    paths = [f"default/train/{number:04}.parquet" for number in (2, 0, 1)]
    found = choose_parts(parts_in(paths), HubDataset(id="me/films"))
    assert [part.path for part in found] == sorted(paths)


def test_a_repository_without_parquet_files_says_what_to_do() -> None:
    with pytest.raises(UserError, match=r"dataset\.hub\.id: me/films has no Parquet files"):
        choose_parts(parts_in(["films.csv"]), HubDataset(id="me/films"))
