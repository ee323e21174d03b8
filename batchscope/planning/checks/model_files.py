"""What is known of a model before it is prepared: its config.json, and the size of its weights."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import read_json
from batchscope.config.model import ModelAsset
from batchscope.inputs.demo_model import CONFIG
from batchscope.inputs.model_files import WEIGHTS


@dataclass(frozen=True)
class ModelFiles:
    """A model that runs name; ``config`` is empty where there is none yet."""

    name: str
    folder: Path | None
    """where its files lie now; None for the demo's and for one that is not fetched yet"""
    config: Mapping[str, Any]
    weights_bytes: int | None
    """of its files; None where they are not there"""

    @property
    def text_config(self) -> Mapping[str, Any]:
        """The part of config.json that is about the language model."""
        nested = self.config.get("text_config")
        return nested if isinstance(nested, Mapping) else self.config

    @property
    def context(self) -> int | None:
        """Tokens of its context, as far as config.json says it plainly."""
        positions = self.text_config.get("max_position_embeddings")
        return positions if isinstance(positions, int) else None


def model_files(name: str, asset: ModelAsset, results: Path) -> ModelFiles:
    """What the configuration's model is, from its own folder, the hub's cache, or what was prepared of it."""
    if asset.source == "demo":
        return ModelFiles(name, None, CONFIG, None)
    folder = asset.folder if asset.source == "local" else _fetched(asset, results / "models" / name)
    if folder is None:
        return ModelFiles(name, None, {}, None)
    return ModelFiles(name, folder, read_json(folder / "config.json") or {}, weights_in(folder))


def weights_in(folder: Path) -> int | None:
    """Bytes of a folder's weights: of the safetensors files where there are some; None for no weights."""
    files = [path for path in folder.glob("*") if path.suffix in WEIGHTS and path.exists()]
    safe = [path for path in files if path.suffix == ".safetensors"]
    return sum(path.stat().st_size for path in safe or files) or None


def _fetched(asset: ModelAsset, prepared: Path) -> Path | None:
    """A hub model's folder: as it was prepared, else in the hub's cache; None where it is in neither."""
    made = read_json(prepared / "manifest.json")
    same = made and made.get("id") == asset.id and bool(made.get("sparsity")) == bool(asset.pattern)
    if same:  # else its config.json may say other things of zeros than the hub's
        return prepared
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(str(asset.id), "config.json", revision=asset.revision)
    return Path(found).parent if isinstance(found, str) else None
