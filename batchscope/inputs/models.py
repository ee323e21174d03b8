"""Model assets: a folder that vLLM can load, for a model from any source.

Small files (configuration, tokenizer) are copied, so that a change of one is noticed; weights are links.
"""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from batchscope.common.atomic_files import replacing, sha256_of
from batchscope.common.errors import UserError
from batchscope.config.model import ModelAsset

WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".gguf")
SMALL_FILES = ("*.json", "*.txt", "*.model", "*.jinja", "*.py")


def prepare_local(folder: Path, source: Path, asset: ModelAsset) -> None:
    """Copy a model folder's small files and link its weights.

    Raises:
        UserError: the folder or a needed file is missing.
    """
    check_local(source, asset)
    for path in sorted({path for pattern in SMALL_FILES for path in source.glob(pattern)}):
        shutil.copyfile(path, folder / path.name)
    if asset.load_format != "dummy":
        for path in weights_of(source):
            (folder / path.name).symlink_to(path.resolve())


def check_local(source: Path, asset: ModelAsset) -> None:
    """Whether a model folder holds what is needed of it.

    Raises:
        UserError: the folder or a needed file is missing.
    """
    if not source.is_dir():
        raise UserError(f"models: path: there is no folder {source}; correct the path")
    for name in ("config.json", "tokenizer.json"):
        if not (source / name).is_file():
            raise UserError(
                f"models: path: {source} holds no {name}; give a folder with a Hugging Face model"
            )
    if not weights_of(source) and asset.load_format != "dummy":
        raise UserError(
            f"models: path: {source} holds no weights ({', '.join(WEIGHTS)}); add them, or set "
            "load_format: dummy to measure speed without weights"
        )


def weights_of(source: Path) -> list[Path]:
    """A folder's files of weights."""
    return [path for path in sorted(source.iterdir()) if path.suffix in WEIGHTS]


def prepare_hub(folder: Path, asset: ModelAsset) -> str:
    """Fetch a repository from the hub, or find it in the hub's cache, and return its commit.

    With ``load_format: dummy`` the weights are not downloaded.

    Raises:
        UserError: the hub is out of reach, or the repository is missing, gated or unfit.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    patterns = [*SMALL_FILES, *(() if asset.load_format == "dummy" else ("*.safetensors",))]
    where = f"models: {asset.id} (revision {asset.revision})"
    try:
        snapshot = snapshot_download(str(asset.id), revision=asset.revision, allow_patterns=patterns)
    except GatedRepoError:
        raise UserError(f"{where}: accept its licence on the hub, then log in with `hf auth login`") from None
    except (RepositoryNotFoundError, RevisionNotFoundError):
        raise UserError(
            f"{where}: the hub has no such repository or revision; correct id or revision"
        ) from None
    except (LocalEntryNotFoundError, HfHubHTTPError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"{where}: could not be fetched ({reason}); check the network, or download it elsewhere and set "
            "source: local with its path"
        ) from None
    prepare_local(folder, Path(snapshot), asset)
    return Path(snapshot).name


def write_manifest(folder: Path, asset: ModelAsset, commit: str | None) -> None:
    """Record what the folder holds: hashes of small files, sizes of weights, the hub's commit."""
    small = {
        p.name: sha256_of(p)
        for p in sorted(folder.iterdir())
        if not p.is_symlink() and p.name != "manifest.json"
    }
    weights = {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.is_symlink()}
    manifest = {
        "source": asset.source,
        "id": asset.id,
        "commit": commit,
        "files": small,
        "weights_bytes": weights,
    }
    with replacing(folder / "manifest.json") as path:
        _write_json(path, manifest)


def load_tokenizer(folder: Path, tell: Callable[[str], object] | None = None) -> Tokenizer:
    """The model's own fast tokenizer, which neither cuts nor pads.

    Args:
        folder: the model's.
        tell: is told what was switched off, in one sentence each.

    Raises:
        UserError: the file is damaged.
    """
    path = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # noqa: BLE001, the library raises plain Exception
        raise UserError(f"{path}: not a readable tokenizer ({error}); fetch the model again") from None
    for sentence in switch_off_lengths(tokenizer):
        if tell:
            tell(f"{path}: {sentence}")
    return tokenizer


def switch_off_lengths(tokenizer: Tokenizer) -> list[str]:
    """Switch truncation and padding off, as vLLM does, and say what was on.

    They are left over from training. A prompt that is cut has lost its instruction, or some of its texts.
    """
    said = []
    if tokenizer.truncation:
        said.append(f"cuts at {tokenizer.truncation['max_length']} tokens; switched off, prompts stay whole")
        tokenizer.no_truncation()
    if tokenizer.padding:
        said.append("pads to the longest prompt; switched off, prompts stay as they are")
        tokenizer.no_padding()
    return said


def empty_folder(folder: Path) -> None:
    """Make the folder, or clear what an earlier preparation left in it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
