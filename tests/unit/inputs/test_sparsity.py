"""What config.json says of 2:4 weights: nothing, unless the engine is to take kernels for them."""

import json
from pathlib import Path
from typing import Any

import pytest

from batchscope.config.model import ModelAsset
from batchscope.inputs.sparsity import ABOUT_SPARSE, describe, says_sparse, why_not_counted

SPARSE = {"format": "sparse-24-bitmask", "sparsity_structure": "2:4", "targets": ["Linear"]}
QUANTIZED = {"quant_method": "compressed-tensors", "config_groups": {"group_0": {"weights": {"num_bits": 8}}}}


def said(folder: Path, config: dict[str, Any], *, kernels: bool) -> dict[str, Any]:
    (folder / "config.json").write_text(json.dumps(config))
    describe(folder, ModelAsset(source="demo", sparsity="2:4", sparse_kernels=kernels))
    found: dict[str, Any] = json.loads((folder / "config.json").read_text())
    return found


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"quantization_config": {"quant_method": "compressed-tensors", "sparsity_config": SPARSE}},
        {"compression_config": {"sparsity_config": SPARSE}},
    ],
)
def test_dense_kernels_need_no_word(tmp_path: Path, config: dict[str, Any]) -> None:
    assert said(tmp_path, {"hidden_size": 8, **config}, kernels=False) == {"hidden_size": 8}


def test_what_is_said_of_quantized_weights_stays(tmp_path: Path) -> None:
    config = {"quantization_config": {**QUANTIZED, "sparsity_config": SPARSE}}
    assert said(tmp_path, config, kernels=False) == {"quantization_config": QUANTIZED}
    found = said(tmp_path, config, kernels=True)["quantization_config"]
    assert found == {**QUANTIZED, "sparsity_config": ABOUT_SPARSE}


def test_kernels_are_asked_for_in_the_words_of_compressed_tensors(tmp_path: Path) -> None:
    found = said(tmp_path, {"hidden_size": 8}, kernels=True)
    assert found["hidden_size"] == 8
    assert found["quantization_config"]["quant_method"] == "compressed-tensors"
    assert found["quantization_config"]["sparsity_config"] == ABOUT_SPARSE
    assert ABOUT_SPARSE["ignore"] == ["lm_head"], "the output head is not pruned"


@pytest.mark.parametrize(
    ("config", "structure"),
    [
        ({}, None),
        ({"quantization_config": ["gptq"]}, None),
        ({"quantization_config": {"sparsity_config": {}}}, None),
        ({"quantization_config": {"sparsity_config": {**SPARSE, "targets": []}}}, None),
        ({"quantization_config": {"sparsity_config": SPARSE}}, "2:4"),
        ({"compression_config": {"sparsity_config": {**SPARSE, "sparsity_structure": "0:0"}}}, "0:0"),
    ],
)
def test_zeros_of_which_config_json_speaks(config: dict[str, Any], structure: str | None) -> None:
    assert says_sparse(config) == structure


def test_what_prune_writes_is_read_as_sparse(tmp_path: Path) -> None:
    assert says_sparse(said(tmp_path, {}, kernels=True)) == "2:4"
    assert says_sparse(said(tmp_path, {}, kernels=False)) is None


@pytest.mark.parametrize(
    ("method", "counted"), [("compressed-tensors", True), ("gptq", False), ("fp8", False)]
)
def test_zeros_are_counted_in_weights_that_nothing_else_quantized(method: str, counted: bool) -> None:
    why = why_not_counted({"quantization_config": {"quant_method": method}})
    assert (why is None) == counted
    assert counted or f"quantized with '{method}'" in str(why)
    assert why_not_counted({}) is None
