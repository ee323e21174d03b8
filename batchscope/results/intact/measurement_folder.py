"""A measurement's folder as it lies on disk: nothing of it is read that is not as it was written.

Of a sealed one (`batchscope.common.seal`) all files are held against their checksums. Older ones have none:
there it is only asked whether the files are there that a run of their day left.
"""

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from batchscope.common.errors import UserError
from batchscope.common.seal import broken, is_sealed


class DamagedError(UserError):
    """A measurement cannot be used; the message names the file and the remedy."""


def remedy_for(folder: Path) -> str:
    """What to do about a damaged measurement."""
    return f"delete {folder} and rerun"


def damaged(path: Path, what: str) -> DamagedError:
    """The error to raise for a file of a measurement."""
    return DamagedError(f"{path}: damaged: {what}; {remedy_for(path.parent)}")


def read_value(path: Path) -> Any:
    """The JSON value in a file of a measurement.

    Raises:
        DamagedError: it is missing, unreadable or no JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DamagedError(f"{path}: no such file; {remedy_for(path.parent)}") from None
    except OSError as error:
        raise DamagedError(
            f"{path}: {error.strerror}; make it readable, or {remedy_for(path.parent)}"
        ) from None
    except (ValueError, RecursionError) as error:  # not JSON, or not UTF-8
        raise damaged(path, f"not JSON ({error})") from None


def read_intact(path: Path, only: Collection[str] | None = None, older: Collection[str] = ()) -> Any:
    """The content of a measurement's JSON file, held against the seal in it, as are the files beside it.

    Args:
        path: measurement.json, or of a profile window.json or memory.json.
        only: holds these files alone against the seal; None: all.
        older: files that are there beside a measurement without a seal.

    Raises:
        DamagedError: it cannot be read, or a file is missing or another one than was written.
    """
    value = read_value(path)
    if not isinstance(value, dict):
        raise damaged(path, f"holds a {type(value).__name__}, no object")
    if fault := broken(value, path.name, path.parent, only):
        file, _, what = fault.partition(": ")
        raise damaged(path.with_name(file), what)
    if not is_sealed(value) and (missing := [name for name in older if not path.with_name(name).exists()]):
        raise damaged(path.with_name(missing[0]), "no such file")
    return value


def refuse_others(path: Path, value: Mapping[str, Any], **named: str) -> None:
    """Refuse a measurement that lies in the folder of another.

    Args:
        path: its JSON file.
        value: that file's content.
        named: keys that tell whose it is, and the folder's values of them.

    Raises:
        DamagedError: it is another's.
    """
    found = {key: value.get(key) for key in named}
    if found != named:
        whose, folder = ("/".join(map(str, each.values())) for each in (found, named))
        raise damaged(path, f"it is that of {whose}, in the folder of {folder}")
