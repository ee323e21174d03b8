"""What the plan says of an engine before it starts, held against vLLM itself; no engine is started."""

import json
import re
import subprocess
from typing import Any

import pytest
from support.project import ROOT, Project
from support.situations import engine, problem, situation

from batchscope.planning.checks.memory import check
from batchscope.planning.checks.vllm_source import known_to_vllm

pytestmark = pytest.mark.engine

PYTHON = ".engines/cpu/bin/python"

ASK_VLLM = """
import dataclasses, json, sys
import torch
from vllm.engine.arg_utils import EngineArgs
from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS
from vllm.model_executor.models.registry import _SPECULATIVE_DECODING_MODELS, ModelRegistry
from vllm.v1.core.kv_cache_utils import check_enough_kv_cache_memory
from vllm.v1.kv_cache_interface import FullAttentionSpec

model = sys.argv[1]
shape = json.load(open(model + "/config.json"))
spec = FullAttentionSpec(
    block_size=32, num_kv_heads=shape["num_key_value_heads"], head_size=shape["head_dim"], dtype=torch.float32
)
layers = {str(layer): spec for layer in range(shape["num_hidden_layers"])}

def starts(size, length):
    config = EngineArgs(model, dtype="float32", block_size=32, max_model_len=length).create_engine_config()
    config.cache_config.kv_cache_layout = "LBNHC"  # else the engine core's, which is not there
    try:
        check_enough_kv_cache_memory(config, layers, size)
    except ValueError as error:
        assert "KV cache" in str(error) and "max seq len" in str(error), error
        return False
    return True

print("answers: " + json.dumps({
    "starts": [starts(*asked) for asked in json.loads(sys.argv[2])],
    "arguments": [field.name for field in dataclasses.fields(EngineArgs)],
    "architectures": list(ModelRegistry.get_supported_archs()),
    "helpers": list(_SPECULATIVE_DECODING_MODELS),
    "quantizations": list(QUANTIZATION_METHODS),
}))
"""

SMALL = 1 << 20


def values_that_fit() -> tuple[int, int]:
    """The larger cache and the shorter context that the check names for a cache of `SMALL` bytes."""
    found = problem(list(check(situation(engine(kv_cache_memory_bytes=SMALL)))))
    larger, shorter = (int(number) for number in re.findall(r"\b\d+\b", found.remedy))
    return larger, shorter


@pytest.fixture(scope="module")
def vllm(prepared_once: Project) -> dict[str, Any]:
    """What vLLM itself says: importing it takes longer than all questions."""
    larger, shorter = values_that_fit()
    asked = [(SMALL, None), (larger, None), (larger - 1, None), (SMALL, shorter), (SMALL, shorter + 1)]
    call = subprocess.run(
        [ROOT / PYTHON, "-c", ASK_VLLM, prepared_once.results / "models" / "demo", json.dumps(asked)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert call.returncode == 0, call.stderr[-3000:]
    (line,) = (line for line in call.stdout.splitlines() if line.startswith("answers: "))
    return json.loads(line.removeprefix("answers: "))


def test_the_values_that_fit_are_the_first_with_which_vllm_starts(vllm: dict[str, Any]) -> None:
    assert vllm["starts"] == [False, True, False, True, False]


def test_vllm_s_source_names_what_vllm_knows(vllm: dict[str, Any]) -> None:
    known = known_to_vllm(PYTHON, "cpu")
    assert known
    assert known.arguments == set(vllm["arguments"])
    assert known.quantizations == set(vllm["quantizations"])
    every = set(vllm["architectures"])
    assert known.architectures <= every
    assert known.others <= every
    assert not known.removed.keys() & every
    assert every - known.architectures - known.others <= set(vllm["helpers"]), (
        "which only help others to write"
    )
