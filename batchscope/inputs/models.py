"""Model assets: a folder that vLLM can load, for a model from any source.

Small files (configuration, tokenizer) are copied, so that a change of one is noticed; weights are links.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from batchscope.common.atomic_files import refuse_orphans, replacing, sha256_of
from batchscope.common.errors import UserError
from batchscope.config.model import ModelAsset
from batchscope.inputs.hub_answers import Asked, explain
from batchscope.inputs.model_files import missing_parts, small_files_in, weights_in, why_no_weights
from batchscope.inputs.vocabulary import check_tokenizer

Convert = Callable[[Path], str]
"""Makes tokenizer.json of the other tokenizer files in a folder; returns why it cannot, or nothing."""


def cannot_convert(_: Path) -> str:
    """Stands for a conversion where there is nothing that could do it."""
    return "nothing here converts tokenizers"


def prepare_local(
    folder: Path,
    source: Path,
    asset: ModelAsset,
    convert: Convert = cannot_convert,
    where: str | None = None,
) -> None:
    """Copy a model folder's small files, link its weights, and make tokenizer.json where there is none.

    Args:
        folder: The one to fill.
        source: The model's own.
        asset: What the configuration says of it.
        convert: For a tokenizer of another form.
        where: For messages: the model as the user knows it.

    Raises:
        UserError: the folder or a needed file is missing.
    """
    where = where or f"models: path: {source}"
    check_local(source, asset, where)
    names = _names_in(source)
    for name in small_files_in(names):
        shutil.copyfile(source / name, folder / name)
    for name in weights_in(names, asset.load_format):
        (folder / name).symlink_to((source / name).resolve())
    if not (folder / "tokenizer.json").exists():
        make_tokenizer(folder, convert, where)


def check_local(source: Path, asset: ModelAsset, where: str = "") -> None:
    """Whether a model folder holds what is needed of it.

    Raises:
        UserError: the folder or a needed file is missing.
    """
    where = where or f"models: path: {source}"
    if not source.is_dir():
        raise UserError(f"models: path: there is no folder {source}; correct the path")
    names = _names_in(source)
    if "config.json" not in names:
        raise UserError(f"{where} holds no config.json; name a Hugging Face model")
    weights = weights_in(names, asset.load_format)
    if not weights and asset.load_format != "dummy":
        raise UserError(f"{where} holds {why_no_weights(names)}")
    _refuse_forms(weights, asset, where)
    if missing := missing_parts(weights):
        raise UserError(f"{where} holds its weights in part, {missing}; fetch it again")
    if "tokenizer.json" not in names and not any(map(_is_vocabulary, names)):
        raise UserError(_no_tokenizer(where))


def _refuse_forms(weights: Sequence[str], asset: ModelAsset, where: str) -> None:
    """2:4 weights are read from .safetensors files alone.

    Raises:
        UserError: names a file of another form.
    """
    if asset.pattern and (others := [name for name in weights if not name.endswith(".safetensors")]):
        key = "prune" if asset.prune else "sparsity"
        raise UserError(
            f"{where} holds {others[0]}, and {key} reads .safetensors files alone; convert it, or drop {key}"
        )


def _names_in(source: Path) -> list[str]:
    return [path.name for path in source.iterdir() if path.is_file()]


def _no_tokenizer(where: str) -> str:
    return (
        f"{where} holds no tokenizer.json and no other tokenizer; name a model that has one, or put "
        "that of its base model beside it and set source: local"
    )


def make_tokenizer(folder: Path, convert: Convert, where: str) -> None:
    """Make tokenizer.json of a model's older tokenizer files.

    Raises:
        UserError: it has none, or transformers cannot convert them.
    """
    found = [path.name for path in sorted(folder.iterdir()) if _is_vocabulary(path.name)]
    if not found:
        raise UserError(_no_tokenizer(where))
    if not (reason := convert(folder)):
        print(f"{where}: made tokenizer.json of {', '.join(found)}")
        return
    raise UserError(
        f"{where} has a tokenizer of another form ({', '.join(found)}) and no tokenizer.json, and "
        f"transformers cannot convert it ({reason[:300]}); put a converted tokenizer.json beside the model's "
        "files and set source: local with their folder"
    )


def _is_vocabulary(name: str) -> bool:
    return name.endswith((".model", ".tiktoken")) or name in ("vocab.json", "vocab.txt", "merges.txt")


def prepare_hub(folder: Path, asset: ModelAsset, convert: Convert = cannot_convert) -> str:
    """Fetch a repository from the hub, or find it in the hub's cache, and return its commit.

    Of several forms of the weights one is fetched; with ``load_format: dummy`` none.

    Raises:
        UserError: the hub is out of reach, or the repository is missing, gated or unfit.
    """
    where = f"models: {asset.id} (revision {asset.revision})"
    try:
        snapshot = Path(_snapshot(str(asset.id), asset))
    except Exception as error:
        if isinstance(error, UserError):
            raise
        problem = explain(
            error, Asked("model", str(asset.id), asset.revision, "set source: local with its path")
        )
        raise UserError(f"models: {problem.key}: {problem.text}") from None
    prepare_local(folder, snapshot, asset, convert, where)
    return snapshot.name


def _snapshot(name: str, asset: ModelAsset) -> str:
    """The folder of a repository's files in the hub's cache; what is missing there is fetched."""
    from huggingface_hub import HfApi, snapshot_download, try_to_load_from_cache
    from huggingface_hub.errors import HfHubHTTPError

    try:
        info = HfApi().model_info(name, revision=asset.revision)
    except (HfHubHTTPError, ValueError):
        raise
    except Exception:  # out of reach; the cache may have it
        cached = try_to_load_from_cache(name, "config.json", revision=asset.revision)
        if isinstance(cached, str):
            return str(Path(cached).parent)
        raise
    names = [file.rfilename for file in info.siblings or []]
    weights = weights_in(names, asset.load_format)
    if not weights and asset.load_format != "dummy":
        raise UserError(f"models: {name} (revision {asset.revision}) holds {why_no_weights(names)}")
    _refuse_forms(weights, asset, f"models: {name} (revision {asset.revision})")
    wanted = [escape(each) for each in (*small_files_in(names), *weights)]
    return snapshot_download(name, revision=asset.revision, allow_patterns=wanted)


@contextmanager
def filled_folder(out: Path) -> Iterator[Path]:
    """A folder to fill, which takes the place of ``out`` when the block ends without an error.

    Raises:
        UserError: it cannot be written; what lay at ``out`` stays.
    """
    folder, old = (out.with_name(f".{os.getpid()}.{what}.{out.name}") for what in ("new", "old"))
    try:
        folder.mkdir(parents=True)
        yield folder
        refuse_orphans(out)
        if out.exists():
            out.rename(old)
        folder.rename(out)
    except OSError as error:
        raise UserError(
            f"cannot write {out}: {error.strerror or error} ({error.filename or folder}); check the folder "
            "and its free space"
        ) from None
    finally:
        for each in (folder, old):
            shutil.rmtree(each, ignore_errors=True)


def write_manifest(
    folder: Path, asset: ModelAsset, commit: str | None, sparsity: Mapping[str, Any] | None = None
) -> None:
    """Record what the folder holds.

    Args:
        folder: the model's, filled.
        asset: what the configuration says of it.
        commit: the hub's; None for other sources.
        sparsity: what was counted of 2:4 weights.
    """
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
        **({"sparsity": dict(sparsity)} if sparsity else {}),
    }
    with replacing(folder / "manifest.json") as path:
        _write_json(path, manifest)


def load_tokenizer(folder: Path, tell: Callable[[str], object] | None = None) -> Tokenizer:
    """The model's own fast tokenizer, which neither cuts nor pads.

    Args:
        folder: the model's.
        tell: is told what was switched off, in one sentence each.

    Raises:
        UserError: the file is damaged, or another model's.
    """
    path = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_file(str(path))
    except Exception as error:  # noqa: BLE001, the library raises plain Exception
        raise UserError(f"{path}: not a readable tokenizer ({error}); fetch the model again") from None
    check_tokenizer(tokenizer, folder)
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


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
