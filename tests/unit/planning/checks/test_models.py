"""Models that are not there, or that the environment's vLLM does not know; each remedy is followed."""

from pathlib import Path

import pytest
from support.situations import engine, hermes, local_model, problem, situation, told

from batchscope.planning.checks.models import check


def test_a_folder_that_is_not_there_or_lacks_a_file(tmp_path: Path) -> None:
    overlay = local_model(tmp_path / "model", architectures=["LlamaForCausalLM"])
    assert not list(check(situation(overlay)))
    (tmp_path / "model" / "tokenizer.json").unlink()
    found = problem(list(check(situation(overlay))))
    assert found.where == "models.mine.path"
    assert "tokenizer.json" in found.what
    overlay["models"]["mine"]["path"] = str(tmp_path / "modle")
    found = problem(list(check(situation(overlay))))
    assert found.what == f"there is no folder {tmp_path / 'modle'}"


@pytest.mark.parametrize("content", ["", "{", "[1]", "{}"])
def test_a_configuration_that_is_none(tmp_path: Path, content: str) -> None:
    overlay = local_model(tmp_path / "model", architectures=["LlamaForCausalLM"])
    (tmp_path / "model" / "config.json").write_text(content)
    found = problem(list(check(situation(overlay))))
    assert (found.where, found.remedy) == (f"{tmp_path / 'model'}/config.json", "fetch the model again")


@pytest.mark.parametrize(
    "odd",
    [
        {"architectures": "Llama"},
        {"quantization_config": ["gptq"]},
        {"text_config": 7},
        {"max_position_embeddings": "8"},
    ],
)
def test_odd_values_are_left_to_vllm(tmp_path: Path, odd: dict) -> None:
    assert not list(check(situation(local_model(tmp_path / "model", **{"model_type": "llama"} | odd))))


def test_of_a_hub_model_that_is_not_fetched_it_is_said_what_is_not_checked() -> None:
    hub = {"models": {"mine": {"source": "hub", "id": "someone/no-such-model"}}, "engine": {"model": "mine"}}
    (found,) = check(situation(hub))
    assert found.where == "models.mine"
    assert "not fetched yet" in found.what


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"architectures": ["NoSuchForCausalLM"]}, "does not know the architecture NoSuchForCausalLM"),
        ({"architectures": ["BertForSequenceClassification"]}, "writes no text"),
        ({"architectures": ["MptForCausalLM2"], "auto_map": {"AutoConfig": "x.X"}}, "code of its own"),
    ],
)
def test_an_architecture_that_vllm_does_not_run(tmp_path: Path, config: dict, says: str) -> None:
    found = problem(list(check(situation(local_model(tmp_path / "model", **config)))))
    assert found.where == f"{tmp_path / 'model'}/config.json"
    assert says in found.what


def test_code_of_the_model_s_own_counts_once_it_is_trusted(tmp_path: Path) -> None:
    overlay = local_model(
        tmp_path / "model", architectures=["MineForCausalLM"], auto_map={"AutoConfig": "x.X"}
    )
    assert "models.mine.trust_remote_code: true" in problem(list(check(situation(overlay)))).remedy
    overlay["models"]["mine"]["trust_remote_code"] = True
    assert not list(check(situation(overlay)))


def test_a_quantization_that_vllm_does_not_have() -> None:
    found = problem(list(check(situation(engine(quantization="fp-8")))))
    assert found.remedy.startswith("set it to fp8;")
    assert not list(check(situation(engine(quantization="fp8"))))


def test_weights_quantized_in_an_unknown_way(tmp_path: Path) -> None:
    known = {"architectures": ["LlamaForCausalLM"]}
    overlay = local_model(tmp_path / "model", **known, quantization_config={"quant_method": "squeeze"})
    assert "'squeeze'" in problem(list(check(situation(overlay)))).what
    for method in ("gptq", "compressed_tensors", "awq"):
        overlay = local_model(tmp_path / "model", **known, quantization_config={"quant_method": method})
        assert not list(check(situation(overlay))), method


def test_a_context_longer_than_the_model_s(tmp_path: Path) -> None:
    overlay = hermes(tmp_path / "model")
    overlay["environments"] = {"cuda": {"python": ".engines/cpu/bin/python", "device": "cuda"}}
    overlay["engine"]["args"]["max_model_len"] = 131073
    found = problem(list(check(situation(overlay))))
    assert (found.where, found.remedy) == (
        "engine.args.max_model_len",
        "set it to 131072 or less, or to null",
    )
    overlay["engine"]["args"]["max_model_len"] = 131072
    assert not list(check(situation(overlay))), told(list(check(situation(overlay))))
    overlay["engine"] |= {"variables": {"VLLM_ALLOW_LONG_MAX_MODEL_LEN": 1}}
    overlay["engine"]["args"]["max_model_len"] = 131073
    assert not list(check(situation(overlay)))
