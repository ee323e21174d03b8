"""2:4 weights of a prepared model folder: what was found in them, and what config.json says of them.

PyTorch reads the weights, and Snakemake's Python has none: an engine environment's makes, unpacks and counts
them.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from batchscope.common.errors import UserError
from batchscope.config.model import ModelAsset

PROVENANCE = "sparsity.json"
"""In the model's folder: what was pruned or found, tensor by tensor."""

LAST_WITH_KERNELS = (0, 18, 1)
"""vLLM's last version with kernels for 2:4 weights; later ones refuse a model that says it has such."""

LAST_UNPACKER = "0.14.0.1"
"""The last version of compressed-tensors that unpacks weights packed with bit masks."""

Answer = dict[str, Any]
"""What a Python found in the weights: ``tensors`` and ``unpacked``, or ``error``, or ``no_unpacker``."""

UNPACKER = ".engines/unpack"
"""Folder of this checkout that may hold that version, beside what an engine's environment has."""


def make_sparse(folder: Path, asset: ModelAsset, answers: Iterable[Answer]) -> dict[str, Any]:
    """Record what was found in a prepared folder's weights, and let config.json say what engines are to know.

    Args:
        folder: the model's.
        asset: the entry under ``models``, with a 2:4 pattern.
        answers: of the worker's package ``sparsity``, run with one Python after another until one can read
            the weights; packed ones may need another than the first.

    Returns:
        What manifest.json says of it: pattern, method, tensors, groups and zeros in all.

    Raises:
        UserError: the weights are not 2:4, or nothing here unpacks them.
    """
    answer = _answer(asset, answers)
    tensors = answer["tensors"]
    summary = {
        "pattern": asset.pattern,
        "method": "magnitude, in each group of four along the input dimension" if asset.prune else None,
        "unpacked_from": answer["unpacked"],
        "tensors": len(tensors),
        "groups": sum(each["groups"] for each in tensors.values()),
        "zeros": sum(each["zeros"] for each in tensors.values()),
        "weights": sum(each["shape"][0] * each["shape"][1] for each in tensors.values()),
    }
    text = json.dumps({**summary, "found": tensors}, indent=1)
    (folder / PROVENANCE).write_text(text + "\n", encoding="utf-8")
    describe(folder, asset)
    return summary


def _answer(asset: ModelAsset, answers: Iterable[Answer]) -> Answer:
    where = f"models: {asset.id or asset.path or asset.source}"
    reason = "there is no Python with PyTorch"
    for answer in answers:
        if "error" in answer:
            raise UserError(f"{where}: {answer['error']}")
        if "tensors" in answer:
            return answer
        reason = answer["no_unpacker"]
    raise UserError(
        f"{where}: its weights are packed with bit masks, and nothing here unpacks them ({reason}); get the "
        f"last version of the library that does: .venv/bin/uv pip install --no-deps --target {UNPACKER} "
        f"compressed-tensors=={LAST_UNPACKER}"
    )


def says_sparse(config: Mapping[str, Any]) -> str | None:
    """The structure of zeros of which config.json speaks, such as 2:4; None where it speaks of none.

    vLLM looks at it only where it names layers (``targets``).
    """
    about = _quantized(config).get("sparsity_config")
    if not isinstance(about, Mapping) or not about.get("targets"):
        return None
    return str(about.get("sparsity_structure"))


def why_not_counted(config: Mapping[str, Any]) -> str | None:
    """Why zeros are not made or counted in a model's weights, by its config.json; None where they are.

    compressed-tensors alone says of weights that they are sparse. Others keep them in parts, or with scales
    beside them of which nothing would be said any more (`describe`).
    """
    method = str(_quantized(config).get("quant_method") or "compressed-tensors")
    if method.replace("_", "-") == "compressed-tensors":
        return None
    return f"its weights are quantized with '{method}', and 2:4 is for weights that are not"


def _quantized(config: Mapping[str, Any]) -> Mapping[str, Any]:
    how = config.get("quantization_config") or config.get("compression_config")
    return how if isinstance(how, Mapping) else {}


def describe(folder: Path, asset: ModelAsset) -> None:
    """Let config.json say that weights are 2:4, or say nothing of it.

    vLLM up to 0.18.1 takes its 2:4 kernels where it is said; later ones refuse such a model. Weights that
    are quantized as well keep what is said of that.
    """
    path = folder / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    how = config.get("quantization_config") or {}
    quantized = how if how.get("config_groups") else {}
    said = {**(quantized or ABOUT_PLAIN), "sparsity_config": ABOUT_SPARSE} if asset.sparse_kernels else {}
    config.pop("compression_config", None)
    config.pop("quantization_config", None)
    if said or quantized:
        rest = {key: value for key, value in quantized.items() if key != "sparsity_config"}
        config["quantization_config"] = said or rest
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


ABOUT_PLAIN = {"quant_method": "compressed-tensors", "format": "dense", "config_groups": {}, "ignore": []}
"""What config.json says of weights that are not quantized, beside their sparsity."""

ABOUT_SPARSE = {
    "format": "dense",
    "sparsity_structure": "2:4",
    "targets": ["Linear"],
    "ignore": ["lm_head"],
}
"""What it says of 2:4 weights that lie in the file as they are, zeros included."""
