"""Models that are not there, or that the environment's vLLM does not know; each remedy is followed."""

from pathlib import Path

import pytest
from support.situations import hermes, local_model, of_version, problem, situation, told

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


def test_weights_quantized_in_an_unknown_way(tmp_path: Path) -> None:
    known = {"architectures": ["LlamaForCausalLM"]}
    overlay = local_model(tmp_path / "model", **known, quantization_config={"quant_method": "squeeze"})
    assert "'squeeze'" in problem(list(check(situation(overlay)))).what
    for method in ("gptq", "compressed_tensors", "awq"):
        overlay = local_model(tmp_path / "model", **known, quantization_config={"quant_method": method})
        assert not list(check(situation(overlay))), method


@pytest.mark.parametrize(("wrong", "right"), [("dumy", "dummy"), ("zzzz", "auto"), (" auto", "Auto")])
def test_a_way_to_load_weights_that_vllm_does_not_have(wrong: str, right: str) -> None:
    models = {"demo": {"source": "demo", "load_format": wrong}}
    found = problem(list(check(situation({"models": models}))))
    assert (found.where, found.remedy) == ("models.demo.load_format", f"set it to {right.lower()}")
    models["demo"]["load_format"] = right
    assert not list(check(situation({"models": models})))


SPARSE = {"format": "dense", "sparsity_structure": "2:4", "targets": ["Linear"]}


def sparse(folder: Path, version: str, config: dict | None = None, **keys: object) -> dict:
    """An overlay with a model of 2:4 weights, for an environment with this vLLM."""
    overlay = {**hermes(folder / "model", **(config or {})), **of_version(folder, version)}
    (folder / "model" / "model.safetensors").write_bytes(b"w")
    overlay["models"]["mine"] |= {"load_format": "auto", **keys}
    return overlay


@pytest.mark.parametrize(
    ("version", "has_kernels"),
    [("0.18.0", True), ("0.18.1", True), ("0.18.1.post1", True), ("0.18.2", False), ("0.19.0", False), ("0.26.0", False), ("1.0.0", False)],
)  # fmt: skip
def test_2_4_kernels_are_of_versions_that_have_them(tmp_path: Path, version: str, has_kernels: bool) -> None:
    overlay = sparse(tmp_path, version, prune="2:4", sparse_kernels=True)
    if has_kernels:
        assert not list(check(situation(overlay)))
        return
    found = problem(list(check(situation(overlay))))
    assert found.where == "models.mine.sparse_kernels"
    assert f"vLLM {version} refuses" in found.what
    assert "up to 0.18.1" in found.remedy
    overlay["models"]["mine"]["sparse_kernels"] = False
    assert not list(check(situation(overlay))), "as the remedy says"


@pytest.mark.parametrize(
    ("version", "sparse_config", "keys", "remedy"),
    [
        ("0.26.0", SPARSE, {}, 'set models.mine.sparsity: "2:4"'),
        ("0.26.0", {**SPARSE, "sparsity_structure": "0:0"}, {}, "in another form in models.mine"),
        ("0.26.0", SPARSE, {"load_format": "dummy"}, "in another form in models.mine"),
        ("0.26.0", SPARSE, {"sparsity": "2:4"}, None),
        ("0.26.0", {}, {}, None),
        ("0.18.1", SPARSE, {}, None),
    ],
)
def test_a_model_that_says_it_is_sparse(
    tmp_path: Path, version: str, sparse_config: dict, keys: dict, remedy: str | None
) -> None:
    how = {"quant_method": "compressed-tensors", "sparsity_config": sparse_config}
    found = list(check(situation(sparse(tmp_path, version, {"quantization_config": how}, **keys))))
    if remedy is None:
        assert not found
    else:
        assert remedy in problem(found).remedy


def test_2_4_is_for_weights_that_are_not_quantized_and_lie_in_safetensors_files(tmp_path: Path) -> None:
    gptq = {"quantization_config": {"quant_method": "gptq"}}
    found = problem(list(check(situation(sparse(tmp_path / "a", "0.26.0", gptq, sparsity="2:4")))))
    assert found.remedy.endswith("drop models.mine.sparsity")
    overlay = sparse(tmp_path / "b", "0.26.0", prune="2:4")
    (tmp_path / "b" / "model" / "model.safetensors").rename(tmp_path / "b" / "model" / "model.bin")
    assert "holds model.bin" in problem(list(check(situation(overlay)))).what


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
