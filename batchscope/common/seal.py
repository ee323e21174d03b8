"""Seals: what was measured stays what was measured.

A measurement is a folder of files, one of which is JSON and is written last: measurement.json, for a profile
window.json or memory.json. Its key ``seal`` holds the SHA-256 of every other file of the measurement, and
that of its own content. As study and run stand in that file, a file of another run is noticed like a damaged
one.

Files from before there were seals have none, and nothing can be said of them.
"""

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import sha256_of

SEAL = "seal"
SEALED_SCHEMA = 2
"""Value of the key ``schema`` from which on there is a seal: a damaged file cannot pass for an older one."""


def sealed(value: Mapping[str, Any], folder: Path, files: Iterable[str]) -> dict[str, Any]:
    """The content of a measurement's JSON file with its seal.

    Args:
        value: its content; an earlier seal is replaced.
        folder: holds the other files.
        files: their names.
    """
    content = {key: part for key, part in value.items() if key != SEAL}
    sums = {name: sha256_of(folder / name) for name in sorted(files)}
    whole = {**content, "schema": SEALED_SCHEMA, SEAL: {"files": sums}}
    return {**whole, SEAL: {"files": sums, "content": _digest(whole)}}


def is_sealed(value: Mapping[str, Any]) -> bool:
    """Whether there is a seal, or should be: one of the two marks is enough, for the other may be damaged."""
    return SEAL in value or value.get("schema", 1) != 1


def sealed_files(value: Mapping[str, Any]) -> list[str]:
    """Names of the files that a sound seal is about; none where there is no seal."""
    return list(value[SEAL]["files"]) if SEAL in value else []


def broken(value: Mapping[str, Any], name: str, folder: Path, only: Collection[str] | None = None) -> str:
    """What is wrong with a measurement, as ``file: what``; empty where all agrees, or where it has no seal.

    Args:
        value: content of its JSON file.
        name: that file's name.
        folder: holds it, and the others.
        only: looks at these files alone, beside the JSON file itself; None: at all.
    """
    if not is_sealed(value):
        return ""
    if _content_differs(value):
        return f"{name}: not as it was written"
    sums: dict[str, str] = value[SEAL]["files"]
    asked = sums if only is None else {file: sums[file] for file in only if file in sums}
    found = (_differs(folder / file, sha256) for file, sha256 in asked.items())
    return next(filter(None, found), "")


def _content_differs(value: Mapping[str, Any]) -> bool:
    seal = value.get(SEAL)
    if not isinstance(seal, dict) or not isinstance(seal.get("files"), dict):
        return True
    return seal.get("content") != _digest({**value, SEAL: {"files": seal["files"]}})


def _differs(path: Path, sha256: str) -> str:
    try:
        return "" if sha256_of(path) == sha256 else f"{path.name}: not as it was written, or of another run"
    except FileNotFoundError:
        return f"{path.name}: not there"
    except OSError as error:
        return f"{path.name}: cannot be read ({error.strerror})"


def _digest(value: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON value, however its text is laid out."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
