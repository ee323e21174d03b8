"""Weights for measuring speed where a model's own are out of reach: normal ones, and the same pruned to 2:4.

    .engines/cuda/bin/python -m benchmarks.normal_weights SHAPE DENSE [PRUNED] [--device cuda]

SHAPE holds config.json and the tokenizer of a Llama-like model; DENSE and PRUNED are made, each with those
files and one safetensors file a layer (an 8B model: 16 GB each). Weights have the deviation that config.json
names as ``initializer_range``, norms are 1. Labels of such a model mean nothing.
"""

import argparse
import json
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from batchscope.worker.sparsity.layers import is_linear
from batchscope.worker.sparsity.pattern import mask_by_magnitude

WRITERS = 6
"""Files that are written at a time."""

Shapes = dict[str, tuple[int, ...]]


def main() -> None:
    """Fill both folders, a layer at a time."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("shape", type=Path, help="folder with config.json and tokenizer.json")
    parser.add_argument("dense", type=Path, help="folder to make")
    parser.add_argument("pruned", type=Path, nargs="?", help="folder to make, with the same weights at 2:4")
    parser.add_argument("--device", default="cuda", help="where weights are drawn and pruned")
    args = parser.parse_args()
    config = json.loads((args.shape / "config.json").read_text(encoding="utf-8"))
    folders = [folder for folder in (args.dense, args.pruned) if folder]
    for folder in folders:
        folder.mkdir(parents=True)
        for path in args.shape.glob("*.json"):
            shutil.copyfile(path, folder / path.name)
    files = list(shapes_by_file(config))
    with ThreadPoolExecutor(WRITERS) as pool:
        written = []
        for number, shapes in enumerate(files):
            name = f"model-{number + 1:05}-of-{len(files):05}.safetensors"
            tensors = weights(shapes, config, args.device, seed=number)
            written.append(pool.submit(write, args.dense / name, on_host(tensors)))
            if args.pruned:
                masked = {each: pruned(each, tensor) for each, tensor in tensors.items()}
                written.append(pool.submit(write, args.pruned / name, on_host(masked)))
        for each in written:
            each.result()  # an error of a writer is one of ours
    for folder in folders:
        write_index(folder, files)


def shapes_by_file(config: Mapping[str, Any]) -> Iterator[Shapes]:
    """Names and shapes of tensors as transformers has them: embedding and head, then each layer."""
    hidden, inner = config["hidden_size"], config["intermediate_size"]
    head = config.get("head_dim") or hidden // config["num_attention_heads"]
    queries, keys = head * config["num_attention_heads"], head * config["num_key_value_heads"]
    ends: Shapes = {
        "model.embed_tokens.weight": (config["vocab_size"], hidden),
        "model.norm.weight": (hidden,),
    }
    if not config.get("tie_word_embeddings"):
        ends["lm_head.weight"] = (config["vocab_size"], hidden)
    yield ends
    layer: Shapes = {
        "self_attn.q_proj": (queries, hidden),
        "self_attn.k_proj": (keys, hidden),
        "self_attn.v_proj": (keys, hidden),
        "self_attn.o_proj": (hidden, queries),
        "mlp.gate_proj": (inner, hidden),
        "mlp.up_proj": (inner, hidden),
        "mlp.down_proj": (hidden, inner),
        "input_layernorm": (hidden,),
        "post_attention_layernorm": (hidden,),
    }
    for number in range(config["num_hidden_layers"]):
        yield {f"model.layers.{number}.{name}.weight": shape for name, shape in layer.items()}


def weights(shapes: Shapes, config: Mapping[str, Any], device: str, seed: int) -> dict[str, torch.Tensor]:
    """Random matrices, and norms of 1, in bfloat16."""
    generator = torch.Generator(device=device).manual_seed(seed)
    deviation = config.get("initializer_range", 0.02)
    return {
        name: (
            torch.ones(shape, dtype=torch.bfloat16, device=device)
            if len(shape) == 1
            else (torch.randn(shape, generator=generator, device=device) * deviation).bfloat16()
        )
        for name, shape in shapes.items()
    }


def pruned(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """A tensor as it is in the 2:4 model."""
    return tensor * mask_by_magnitude(tensor) if is_linear(name, tensor.shape) else tensor


def on_host(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Copies in the host's memory."""
    return {name: each.cpu().contiguous() for name, each in tensors.items()}


def write(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Write one file."""
    save_file(dict(tensors), path, {"format": "pt"})


def write_index(folder: Path, files: list[Shapes]) -> None:
    """Say which file holds which tensor."""
    places = {
        tensor: f"model-{number:05}-of-{len(files):05}.safetensors"
        for number, shapes in enumerate(files, 1)
        for tensor in shapes
    }
    text = json.dumps({"metadata": {}, "weight_map": places}, indent=1)
    (folder / "model.safetensors.index.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
