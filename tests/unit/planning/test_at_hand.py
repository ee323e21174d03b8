"""What is on this machine already, before anything is prepared."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.short_texts import Sweep, sweep, write_model

from batchscope.config.model import ModelAsset
from batchscope.inputs.demo_model import DEMO_CORPUS_SEED, prepare_demo
from batchscope.inputs.models import write_manifest
from batchscope.inputs.texts.generate import generate_reviews
from batchscope.inputs.texts.source_text import SourceText, write_source_texts
from batchscope.planning import at_hand
from batchscope.planning.at_hand import model_at_hand, texts_at_hand

TEXTS = [f"text {number}" for number in range(30)]


def prepared(folder: Path, **summary: Any) -> None:
    """What an earlier call left in the results."""
    (folder / "results" / "data").mkdir(parents=True)
    (folder / "results" / "data" / "summary.json").write_text(json.dumps(summary))
    write_source_texts([SourceText("kept", "good", "7")], folder / "results" / "data" / "texts.csv")


def test_a_file_is_read_as_the_data_set_s_script_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sweep(tmp_path, [*TEXTS, "text 3"], 100, mine={"grid": {"n": [2]}})
    made.overlay(dataset={"deduplicate": True, "seed": 5})
    monkeypatch.chdir(tmp_path)
    found = texts_at_hand(made.config, Path("results"), 4)
    assert found is not None
    assert sorted(each.content for each in found) == sorted(TEXTS)
    assert [each.content for each in found] != TEXTS, "a random sample, as runs take it"
    made.overlay(dataset={"select": "first"})
    assert [each.content for each in texts_at_hand(made.config, Path("results"), 4) or []] == TEXTS


@pytest.mark.parametrize("select", [None, "random"])
def test_no_more_texts_are_generated_than_runs_take_where_that_gives_the_same(
    tmp_path: Path, select: str | None
) -> None:
    made = Sweep(tmp_path).overlay(
        dataset={"source": "generated", "select": select, "generated": {"texts": 1_000, "seed": 3}},
        engine={"model": "demo"},
    )
    found = texts_at_hand(made.config, tmp_path, 30)
    whole = texts_at_hand(made.config, tmp_path, 1_000)
    assert found is not None
    assert whole is not None
    assert len(found) == (1_000 if select else 100)
    assert found[:30] == whole[:30]


SAME = {"select": "random", "seed": 0}


@pytest.mark.parametrize(
    ("dataset", "summary"),
    [
        ({"source": "hub", "hub": {"id": "a/b"}}, {"source": "hub", "provenance": {"id": "a/b"}, **SAME}),
        (
            {"source": "file", "file": {"path": "https://me:secret@site.org/t.csv?key=1"}},
            {"source": "file", "provenance": {"path": "https://site.org/t.csv"}, **SAME},
        ),
        (
            {"source": "imdb", "select": "random", "imdb": {"url": "https://site.org/a.tgz"}},
            {"source": "imdb", "provenance": {"url": "https://site.org/a.tgz"}, **SAME},
        ),
    ],
)
def test_what_comes_from_a_network_is_taken_as_an_earlier_call_left_it(
    tmp_path: Path, dataset: dict[str, Any], summary: dict[str, Any]
) -> None:
    config = Sweep(tmp_path).overlay(dataset=dataset).config
    assert texts_at_hand(config, tmp_path / "results", 4) is None, "nothing is fetched"
    prepared(tmp_path, **summary)
    assert [each.content for each in texts_at_hand(config, tmp_path / "results", 4) or []] == ["kept"]
    other = Sweep(tmp_path).overlay(dataset={**dataset, "seed": 1}).config
    assert texts_at_hand(other, tmp_path / "results", 4) is None, "those were drawn otherwise"
    (tmp_path / "results" / "data" / "summary.json").write_text(json.dumps({**summary, "provenance": {}}))
    assert texts_at_hand(config, tmp_path / "results", 4) is None, "those are of another origin"


def test_a_big_file_is_left_to_the_data_set_s_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = sweep(tmp_path, TEXTS, 100, mine={"grid": {"n": [2]}})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(at_hand, "BIG", 10)
    assert texts_at_hand(made.config, Path("results"), 4) is None
    prepared(tmp_path, source="file", provenance={"path": "texts.csv"}, **SAME)
    assert len(texts_at_hand(made.config, Path("results"), 4) or []) == 1


def test_a_local_model_is_its_own_folder(tmp_path: Path) -> None:
    asset = ModelAsset(source="local", path=str(tmp_path / "m"), load_format="dummy")
    assert model_at_hand(asset, tmp_path / "prepared", tmp_path) is None
    write_model(tmp_path / "m", 100)
    assert model_at_hand(asset, tmp_path / "prepared", tmp_path) == tmp_path / "m"


def test_a_model_of_the_hub_is_found_where_it_was_prepared(tmp_path: Path) -> None:
    asset, folder = ModelAsset(source="hub", id="nobody/nothing"), tmp_path / "prepared"
    assert model_at_hand(asset, folder, tmp_path) is None
    write_model(folder, 100)
    write_manifest(folder, asset, "0123")
    assert model_at_hand(asset, folder, tmp_path) == folder
    assert model_at_hand(ModelAsset(source="hub", id="nobody/else"), folder, tmp_path) is None


def test_the_demo_s_tokenizer_is_the_one_that_will_be_made(tmp_path: Path) -> None:
    """Its texts are a part of those that the model is trained on, and give the same tokenizer."""
    for name in ("looked at", "made"):
        (tmp_path / name).mkdir()
    found = model_at_hand(ModelAsset(source="demo"), tmp_path / "prepared", tmp_path / "looked at")
    assert found == tmp_path / "looked at"
    prepare_demo(tmp_path / "made", generate_reviews(3_000, DEMO_CORPUS_SEED))
    assert (found / "tokenizer.json").read_bytes() == (tmp_path / "made" / "tokenizer.json").read_bytes()
