"""Run with an engine environment's Python: what vLLM itself says of caches that suffice, and which names it knows.

Arguments: a model's folder, pairs of a cache's bytes and a context as JSON, and the file that gets the answers.
"""

import dataclasses
import json
import sys
from pathlib import Path
from typing import get_args

import torch
from vllm.benchmarks.datasets import SampleRequest
from vllm.config.cache import CacheDType
from vllm.config.compilation import CompilationConfig, CUDAGraphMode, PassConfig
from vllm.engine.arg_utils import EngineArgs
from vllm.envs import environment_variables
from vllm.model_executor.layers.quantization import QUANTIZATION_METHODS
from vllm.model_executor.model_loader import LoadFormats
from vllm.model_executor.models.registry import _SPECULATIVE_DECODING_MODELS, ModelRegistry
from vllm.v1.attention.backends.registry import AttentionBackendEnum
from vllm.v1.core.kv_cache_utils import check_enough_kv_cache_memory
from vllm.v1.kv_cache_interface import FullAttentionSpec


def starts(model: str, size: int, length: int | None) -> bool:
    """Whether vLLM finds that a cache of this size holds this context."""
    shape = json.loads((Path(model) / "config.json").read_text())
    spec = FullAttentionSpec(
        block_size=32,
        num_kv_heads=shape["num_key_value_heads"],
        head_size=shape["head_dim"],
        dtype=torch.float32,
    )
    layers = {str(layer): spec for layer in range(shape["num_hidden_layers"])}
    config = EngineArgs(model, dtype="float32", block_size=32, max_model_len=length).create_engine_config()
    config.cache_config.kv_cache_layout = "LBNHC"  # else the engine core's, which is not there
    try:
        check_enough_kv_cache_memory(config, layers, size)
    except ValueError as error:
        if "KV cache" in str(error) and "max seq len" in str(error):
            return False
        raise
    return True


def main() -> None:
    model, asked, out = sys.argv[1:]
    found = {
        "starts": [starts(model, *each) for each in json.loads(asked)],
        "arguments": [field.name for field in dataclasses.fields(EngineArgs)],
        "architectures": list(ModelRegistry.get_supported_archs()),
        "helpers": list(_SPECULATIVE_DECODING_MODELS),
        "choices": {
            "quantization": list(QUANTIZATION_METHODS),
            "kv_cache_dtype": list(get_args(CacheDType)),
            "attention_backend": list(AttentionBackendEnum.__members__),
            "load_format": list(get_args(LoadFormats)),
            "compilation_config.cudagraph_mode": list(CUDAGraphMode.__members__),
        },
        "compilation": [field.name for field in dataclasses.fields(CompilationConfig) if field.init],
        "passes": [field.name for field in dataclasses.fields(PassConfig) if field.init],
        "variables": list(environment_variables),
        "request": [field.name for field in dataclasses.fields(SampleRequest)],
    }
    Path(out).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
