"""Models that runs can name."""

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config


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
