"""A model of the hub that no engine here can load: told once it is fetched, and no engine is started."""

import json
from pathlib import Path

import pytest
from support.engines import engine_processes
from support.hub_site import Hub, serving
from support.label_answers import label_tokenizer
from support.project import Project

LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "max_position_embeddings": 16384}
CONFIG = {"models": {"mine": {"source": "hub", "id": "me/model"}}, "engine": {"model": "mine"}}


def repository(**config: object) -> dict[str, bytes]:
    return {
        "config.json": json.dumps(LLAMA | config).encode(),
        "tokenizer.json": label_tokenizer().to_str().encode(),
        "model.safetensors": b"w",
    }


def test_a_model_that_vllm_does_not_know_ends_the_call_once_it_is_fetched(
    prepared: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub({"me/model": {"main": repository(architectures=["NoSuchForCausalLM"])}})
    with serving(hub):
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        monkeypatch.setenv("HF_HOME", str(tmp_path / "hub"))
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        first = prepared.snakemake("all", config=CONFIG)
        assert "config.json" in hub.fetched
    words = (
        "error: me/model/config.json: vLLM 0.32.0 in .engines/cpu/bin/python does not know the architecture"
    )
    assert first.status != 0
    assert words in first.text, first.text
    assert "Traceback" not in first.text
    assert not first.measured
    assert not engine_processes(prepared)
    assert not list((prepared.results / "models").glob("*mine*")), "it is not kept as if it could be used"
    second = prepared.snakemake("all", config=CONFIG)
    assert second.status != 0
    assert "does not know the architecture NoSuchForCausalLM" in second.text
    assert not second.jobs, "known before the first job, for the hub's cache has it"
