"""Models that runs can name."""

import pytest
import yaml
from pydantic import ValidationError

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.model import ModelAsset


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"source": "hub"}, "models.m: source: hub needs the key 'id'"),
        ({}, "models.m: source: hub needs the key 'id'"),
        ({"source": "local", "id": "a/b"}, "models.m: source: local needs the key 'path'"),
        ({"source": "local", "path": ""}, "models.m: source: local needs the key 'path'"),
        ({"source": "s3", "id": "x"}, "models.m.source: .*, got 's3'"),
    ],
)
def test_a_source_needs_its_key(values: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"models": {"m": values}})


@pytest.mark.parametrize("values", [{"id": "a/b"}, {"source": "local", "path": "m"}, {"source": "demo"}])
def test_a_source_with_its_key_is_taken(values: dict[str, object]) -> None:
    assert load_config({"models": {"m": values}}).models["m"].revision == "main"


def test_other_models_are_written_as_before() -> None:
    assert ModelAsset(source="demo").model_dump() == {
        "source": "demo",
        "id": None,
        "revision": "main",
        "path": None,
        "load_format": "auto",
        "trust_remote_code": False,
    }


def test_what_is_set_is_written_and_read() -> None:
    asset = ModelAsset(source="hub", id="a/b", prune="2:4", sparse_kernels=True)
    assert asset.model_dump().keys() >= {"prune", "sparse_kernels"}
    assert ModelAsset(**asset.model_dump()) == asset
    assert asset.pattern == "2:4"
    assert ModelAsset(source="hub", id="a/b", sparsity="2:4").pattern == "2:4"
    assert ModelAsset(source="hub", id="a/b").pattern is None


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"prune": "2:4", "load_format": "dummy"}, "random weights, which are not 2:4; set it to auto"),
        ({"prune": "2:4", "sparsity": "2:4"}, "drop one of the two"),
        ({"sparse_kernels": True}, "set prune or sparsity to '2:4' as well"),
        ({"prune": "1:2"}, "2:4"),
        (yaml.safe_load("prune: 2:4"), "2:4 without quotes is the number 124"),
        (yaml.safe_load("sparsity: 2:4"), "write '2:4'"),
    ],
)
def test_what_does_not_go_together_is_refused(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        ModelAsset.model_validate({"source": "demo", **values})
