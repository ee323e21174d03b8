"""The context of a model is what vLLM resolves: asked of vLLM itself, which needs no engine for it."""

import json
from pathlib import Path

import pytest
from support.contexts import CONTEXTS
from support.engine_python import run_beside_vllm


@pytest.mark.engine
def test_vllm_resolves_the_same_contexts(tmp_path: Path) -> None:
    asked = {}
    for number, (name, (config, engine, _)) in enumerate(CONTEXTS.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config))
        asked[name] = (str(folder), engine)
    (tmp_path / "asked.json").write_text(json.dumps(asked))
    run_beside_vllm("support.resolved_contexts", tmp_path / "asked.json", folder=tmp_path, seconds=600)
    found = json.loads((tmp_path / "contexts.json").read_text())
    assert found == {name: tokens for name, (_, _, tokens) in CONTEXTS.items()}
