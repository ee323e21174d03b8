"""The context of a model is what vLLM resolves: asked of vLLM itself, which needs no engine for it."""

import json
import subprocess
from pathlib import Path

import pytest
from support.contexts import CONTEXTS
from support.project import ROOT

ASK = """
import json, sys
from vllm.config import ModelConfig
found = {}
for name, (folder, arguments) in json.loads(sys.stdin.read()).items():
    try:
        found[name] = ModelConfig(model=folder, skip_tokenizer_init=True, **arguments).max_model_len
    except Exception as error:
        found[name] = repr(error)[:2000]
print("FOUND", json.dumps(found))
"""


@pytest.mark.engine
@pytest.mark.long
def test_vllm_resolves_the_same_contexts(tmp_path: Path) -> None:
    asked = {}
    for number, (name, (config, engine, _)) in enumerate(CONTEXTS.items()):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "config.json").write_text(json.dumps(config))
        asked[name] = (str(folder), engine)
    call = subprocess.run(
        [ROOT / ".engines" / "cpu" / "bin" / "python", "-c", ASK],
        input=json.dumps(asked), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert call.returncode == 0, call.stderr
    found = json.loads(call.stdout.rpartition("FOUND ")[2])
    assert found == {name: tokens for name, (_, _, tokens) in CONTEXTS.items()}
