"""What is known of a model before it is prepared."""

import json
from pathlib import Path

from batchscope.config.model import ModelAsset
from batchscope.planning.checks.model_files import model_files, weights_in


def test_the_demo_s_model_is_known_before_it_is_made(tmp_path: Path) -> None:
    found = model_files("demo", ModelAsset(source="demo"), tmp_path)
    assert (found.context, found.folder) == (16384, None)


def test_a_hub_model_is_known_once_it_is_prepared(tmp_path: Path) -> None:
    asset = ModelAsset(source="hub", id="someone/no-such-model")
    assert model_files("mine", asset, tmp_path).folder is None
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"text_config": {"max_position_embeddings": 2048}}))
    (folder / "manifest.json").write_text(json.dumps({"id": "someone/no-such-model"}))
    assert model_files("mine", asset, tmp_path).context == 2048
    pruned = ModelAsset(source="hub", id="someone/no-such-model", prune="2:4")
    assert model_files("mine", pruned, tmp_path).folder is None, "what is there is dense"
    other = ModelAsset(source="hub", id="someone/another")
    assert model_files("mine", other, tmp_path).folder is None, "what is there was made of another"


def test_of_two_forms_of_weights_one_counts(tmp_path: Path) -> None:
    assert weights_in(tmp_path) is None
    (tmp_path / "pytorch_model.bin").write_bytes(b"x" * 10)
    assert weights_in(tmp_path) == 10
    (tmp_path / "model.safetensors").write_bytes(b"x" * 7)
    assert weights_in(tmp_path) == 7
