"""What is wrong with a model of the hub is told once it is fetched, before an engine starts."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.label_answers import label_tokenizer
from support.shapes import HERMES
from support.situations import engine, situation

from batchscope.common.errors import UserError
from batchscope.planning.after_fetch import VARIABLE, look_again, write_down

LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "max_position_embeddings": 16384}
HUB = {"models": {"mine": {"source": "hub", "id": "me/model"}}, "engine": {"model": "mine"}}
WHOLE = {"kv_cache_memory_bytes": 1 << 62, "dtype": "bfloat16"}


def fetched(folder: Path, **config: Any) -> Path:
    """A model as the hub gave it."""
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(LLAMA | config))
    (folder / "model.safetensors").write_bytes(b"w")
    label_tokenizer().save(str(folder / "tokenizer.json"))
    return folder


def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **overlay: Any) -> None:
    """A call whose first look has passed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "")
    write_down(situation({**HUB, **overlay, "engine": {**overlay.get("engine", {}), "model": "mine"}}))


@pytest.mark.parametrize(
    ("overlay", "config", "says"),
    [
        ({}, {"architectures": ["NoSuchForCausalLM"]}, r"^me/model/config\.json: .* architecture NoSuch"),
        ({}, {"quantization_config": {"quant_method": "squeeze"}}, r"^me/model/config\.json: .*'squeeze'"),
        (engine(max_model_len=20_000), {}, r"max_model_len: 20000 tokens are more than the 16384 positions of mine"),
        (engine(tensor_parallel_size=3), HERMES, r"the 32 attention heads of mine cannot be spread over 3 GPUs"),
        (engine(**WHOLE), HERMES, r"of memory of this machine"),
        ({"studies": {"mine": {"grid": {"n": [2, 200]}}}}, {}, r"studies\.mine: a prompt of 200 texts needs"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_model_is_told_and_is_not_with_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overlay: dict, config: dict, says: str
) -> None:
    called(tmp_path, monkeypatch, **overlay)
    with pytest.raises(UserError) as refused:
        look_again("mine", fetched(tmp_path / "new", **config), Path("results"))
    assert re.search(says, str(refused.value)), refused.value
    assert str(tmp_path) not in str(refused.value)


def test_a_model_that_fits_is_taken_and_others_are_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called(tmp_path, monkeypatch)
    look_again("mine", fetched(tmp_path / "new"), Path("results"))
    unfit = fetched(tmp_path / "other", architectures=["NoSuchForCausalLM"])
    look_again("demo", unfit, Path("results"))
    monkeypatch.delenv(VARIABLE)
    look_again("mine", unfit, Path("results"))
