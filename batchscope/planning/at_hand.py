"""Texts and tokenizers that are there without a network and without an engine, for looking before a sweep."""

import sys
from pathlib import Path

from batchscope.common.atomic_files import read_json
from batchscope.config.configuration import Config
from batchscope.config.dataset import Dataset
from batchscope.config.model import ModelAsset
from batchscope.inputs.demo_model import DEMO_CORPUS_SEED, TOKENIZER_REVIEWS, prepare_demo
from batchscope.inputs.texts.files.location import is_url
from batchscope.inputs.texts.files.urls import shown
from batchscope.inputs.texts.generate import LABEL_BLOCK, generate_reviews
from batchscope.inputs.texts.gold import with_gold
from batchscope.inputs.texts.selection import arrange
from batchscope.inputs.texts.source_text import SourceText, deduplicate, read_source_texts
from batchscope.inputs.texts.sources import SOURCES, load_texts

BIG = 200_000_000
"""Bytes of a file that takes longer to read than a user waits for a plan."""


def texts_at_hand(config: Config, results: Path, most: int) -> list[SourceText] | None:
    """The texts as runs take them; None where they are neither on this machine nor prepared yet.

    Args:
        config: the configuration.
        results: folder of the results.
        most: texts that a run takes at most; of generated ones no more are written.

    Raises:
        UserError: the user's file is not there, or is dirty.
    """
    dataset = config.dataset
    if dataset.source == "generated":
        return _generated(dataset, most)
    files = [Path(path) for path in SOURCES[dataset.source].files(dataset)]
    if files and sum(path.stat().st_size for path in files if path.is_file()) < BIG:
        loaded = load_texts(dataset, results / "data", config.task)
        kept, _ = deduplicate(with_gold(loaded, config.task), drop=dataset.deduplicate)
        return arrange(kept, dataset.selection, dataset.seed)
    return _prepared(dataset, results / "data")


def _generated(dataset: Dataset, most: int) -> list[SourceText]:
    block = dataset.generated
    enough = -(-most // LABEL_BLOCK) * LABEL_BLOCK if dataset.selection == "first" else sys.maxsize
    return arrange(generate_reviews(min(block.texts, enough), block.seed), dataset.selection, dataset.seed)


def _prepared(dataset: Dataset, folder: Path) -> list[SourceText] | None:
    """What an earlier call made of the same source, chosen in the same way."""
    made = read_json(folder / "summary.json") or {}
    origin = made.get("provenance", {})
    wanted = (dataset.source, dataset.selection, dataset.seed)
    if (made.get("source"), made.get("select"), made.get("seed")) != wanted:
        return None
    key, value = {
        "file": ("path", _shown(dataset.file.path)),
        "csv": ("path", _shown(dataset.csv.path)),
        "hub": ("id", dataset.hub.id),
        "imdb": ("url", shown(dataset.imdb.url)),
    }[dataset.source]
    return read_source_texts(folder / "texts.csv") if origin.get(key) == value else None


def _shown(location: str) -> str:
    return shown(location) if is_url(location) else location


def model_at_hand(asset: ModelAsset, prepared: Path, scratch: Path) -> Path | None:
    """A folder with a model's configuration and tokenizer; None where it is not fetched yet.

    Args:
        asset: the entry under ``models``.
        prepared: where an earlier call has prepared it, if one has.
        scratch: an empty folder, for the demo's tokenizer.
    """
    if asset.source == "local":
        found: Path | None = asset.folder
    elif (made := read_json(prepared / "manifest.json")) and _is_of(made, asset):
        found = prepared
    elif asset.source == "demo":
        prepare_demo(scratch, generate_reviews(TOKENIZER_REVIEWS, DEMO_CORPUS_SEED))
        found = scratch
    else:
        found = _in_hub_cache(asset)
    needed = ("config.json", "tokenizer.json")
    return found if found and all((found / name).is_file() for name in needed) else None


def _is_of(manifest: dict[str, str], asset: ModelAsset) -> bool:
    return (manifest.get("source"), manifest.get("id")) == (asset.source, asset.id)


def _in_hub_cache(asset: ModelAsset) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    found = try_to_load_from_cache(str(asset.id), "tokenizer.json", revision=asset.revision)
    return Path(found).parent if isinstance(found, str) else None
