"""Layers with 2:4 kernels, counted in vLLM's worker.

This vLLM has no such kernels any more: a dense model has none, and of one with int8 weights their scheme is
counted, which vLLM keeps in the same place.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from support.engine_python import PYTHON, run_beside_vllm
from support.gate_helpers import codes, gpu_run
from support.project import Project

from batchscope.common.answer_limits import exactly
from batchscope.jobs.engine_pool import EnginePool, Limits
from batchscope.jobs.measure_job import engine_request

pytestmark = pytest.mark.engine

ASSET = {"load_format": "dummy", "trust_remote_code": False, "sparse_kernels": True}
ARGS = {"max_model_len": 64, "kv_cache_memory_bytes": 67_108_864, "enforce_eager": True}
LOAD = {
    "prompts": "ids", "requests": None, "request_rate": None, "burstiness": 1.0, "max_concurrency": None, "seed": 0,
}  # fmt: skip
EXPERTS = {
    "architectures": ["MixtralForCausalLM"],
    "model_type": "mixtral",
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
}
INT8 = "CompressedTensorsW8A8Int8"
QUANTIZED = {
    "quant_method": "compressed-tensors",
    "format": "int-quantized",
    "config_groups": {
        "group_0": {
            "targets": ["Linear"],
            "weights": {"num_bits": 8, "type": "int", "symmetric": True, "strategy": "channel"},
            "input_activations": {
                "num_bits": 8, "type": "int", "symmetric": True, "strategy": "token", "dynamic": True,
            },
        }
    },
}  # fmt: skip


@pytest.fixture
def model(prepared_once: Project) -> Path:
    """The demo's tiny Llama: two layers, of whose seven matrices each vLLM makes four."""
    return prepared_once.results / "models" / "demo"


def measured(
    model: Path, folder: Path, asset: dict[str, Any], server: dict[str, Any] | None = None
) -> dict[str, Any]:
    """What measurement.json says of an engine, or a server, that has answered one prompt."""
    folder.mkdir()
    spec = {
        "device": "cpu", "workload": {}, "engine": {"args": ARGS, "variables": {}}, "model": asset,
        "measure": {"warmup_tokens": 0, "repeats": 1, "telemetry": False}, "load": LOAD,
    }  # fmt: skip
    prompts = folder / "prompts.jsonl"
    prompts.write_text(json.dumps({"id": 0, "token_ids": [5, 6, 7], "n": 1}) + "\n")
    job = {"spec": spec, "prompts": str(prompts), "out": str(folder), "answers": exactly(1, 1).as_json()}
    pool = EnginePool(folder / "state")
    wanted = engine_request(spec, PYTHON, 0, model, server)
    result = pool.measure(wanted, job, folder / "log", Limits(600, keep=False), lambda line: None)
    engine: dict[str, Any] = result["engine"]
    return engine


def test_a_model_that_vllm_matched_nowhere_has_no_layer_with_them_and_does_not_count(
    model: Path, tmp_path: Path
) -> None:
    asked = measured(model, tmp_path / "asked", ASSET)
    assert asked["sparse_layers"] == {"linear": 8, "with_2_4_kernels": 0}
    plain = measured(model, tmp_path / "plain", ASSET | {"sparse_kernels": False})
    assert asked.keys() - plain.keys() == {"sparse_layers"}, "the record of another model is as it was"
    mine = {"source": "local", "path": "mine", "sparsity": "2:4", "sparse_kernels": True}
    for name, engine, reasons in (("with", asked, ["sparse_kernels"]), ("without", plain, [])):
        assert codes(gpu_run(tmp_path / name, gpu=None, model=mine, more={"engine": engine})) == reasons


def test_a_servers_worker_counts_too(model: Path, tmp_path: Path) -> None:
    asked = measured(model, tmp_path / "asked", ASSET, {"port": None})
    assert asked["sparse_layers"] == {"linear": 8, "with_2_4_kernels": 0}


def counted(model: Path, folder: Path, scheme: str, **keys: Any) -> dict[str, int]:
    """The count in a copy of the model with these keys in its config.json; its weights are random."""
    changed = shutil.copytree(model, folder / "model")
    config = json.loads((model / "config.json").read_text()) | keys
    (changed / "config.json").write_text(json.dumps(config))
    asked, out = folder / "asked.json", folder / "counts.json"
    asked.write_text(
        json.dumps({"model": str(changed), "asset": ASSET, "args": ARGS, "scheme": scheme, "out": str(out)})
    )
    run_beside_vllm("support.counted_layers", asked, folder=folder, seconds=600)
    found: dict[str, int] = json.loads(out.read_text())
    return found


LEFT_OUT = {"none": ([], 8), "one of four": (["re:.*down_proj"], 6), "all": (["re:.*proj"], 0)}
"""What config.json leaves out beside the output head, and how many layers are left."""


@pytest.mark.parametrize(("ignored", "left"), LEFT_OUT.values(), ids=LEFT_OUT)
def test_layers_that_config_json_leaves_out_are_those_without_the_scheme(
    model: Path, tmp_path: Path, ignored: list[str], left: int
) -> None:
    how = {**QUANTIZED, "ignore": ["lm_head", *ignored]}
    found = counted(model, tmp_path, INT8, quantization_config=how)
    assert found == {"linear": 8, "with_2_4_kernels": left}


def test_experts_are_counted_and_their_router_is_not(model: Path, tmp_path: Path) -> None:
    found = counted(model, tmp_path, INT8, **EXPERTS)
    assert found == {"linear": 6, "with_2_4_kernels": 0}, "of attention two a layer, and all experts"
