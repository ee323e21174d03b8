"""What a call would do, for checks: configurations over the default, and model folders of the test's own."""

import json
from pathlib import Path
from typing import Any

from snakemake.utils import update_config
from support.shapes import HERMES
from support.studies import DEFAULT

from batchscope.config.configuration import load_config
from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import Finding, Problem
from batchscope.studies.grid import expand_serving, expand_studies

ONE_RUN = {"n": [4]}


def situation(overlay: dict[str, Any], results: Path = Path("results"), **keys: Any) -> Situation:
    """Every run of the default with one study, under an overlay; nothing is up to date."""
    values = json.loads(DEFAULT.model_dump_json())
    values |= {"studies": dict.fromkeys(DEFAULT.studies) | {"mine": {"grid": dict(ONE_RUN)}}}
    values["serving"]["studies"] = dict.fromkeys(DEFAULT.serving.studies)
    update_config(values, overlay)
    config = load_config(values)
    return Situation(config, results, [*expand_studies(config), *expand_serving(config)], **keys)


def engine(**args: Any) -> dict[str, Any]:
    """An overlay of engine arguments; ``extra`` among them."""
    return {"engine": {"args": args}}


def local_model(folder: Path, /, **config: Any) -> dict[str, Any]:
    """An overlay that names a model of the folder, in which a config.json is written; no weights."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").touch()
    asset = {"source": "local", "path": str(folder), "load_format": "dummy"}
    return {"models": {"mine": asset}, "engine": {"model": "mine"}}


def hermes(folder: Path, **config: Any) -> dict[str, Any]:
    """An overlay with a model of 8B parameters, on a GPU."""
    known = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16"}
    overlay = local_model(folder, **HERMES, **known, max_position_embeddings=131072, **config)
    overlay["engine"] |= {
        "environment": "cuda",
        "args": dict.fromkeys(("kv_cache_memory_bytes", "block_size", "dtype", "max_num_batched_tokens")),
    }
    return {**overlay, "gpus": 8}


def of_version(folder: Path, version: str) -> dict[str, Any]:
    """An overlay whose environment for GPUs has this vLLM, as far as its metadata says; no file of its source."""
    packages = folder / "lib" / "python3.11" / "site-packages"
    metadata = packages / f"vllm-{version}.dist-info" / "METADATA"
    for file in (packages / "vllm" / "__init__.py", metadata):
        file.parent.mkdir(parents=True)
        file.touch()
    metadata.write_text(f"Name: vllm\nVersion: {version}\n")
    return {"environments": {"cuda": {"python": str(folder / "bin" / "python"), "device": "cuda"}}}


def problem(found: list[Finding]) -> Problem:
    """The only problem."""
    (only,) = [each for each in found if isinstance(each, Problem)]
    return only


def told(found: list[Finding]) -> str:
    """All findings as one text."""
    return "\n".join(str(each) for each in found)
