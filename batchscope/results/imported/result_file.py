"""A result file as it lies on disk: its size, its bytes and what kind of file it is."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from batchscope.common.errors import UserError

MOST_BYTES = 256_000_000
"""Files with every request of a long load have some MB; what is larger is something else."""


def read_content(path: Path, key: str) -> Any:
    """What a file holds: JSON as it stands there, anything else as the rows of a CSV.

    Numbers that are none (NaN, Infinity) become null.

    Args:
        path: of the file.
        key: that of the configuration which names it, for messages.

    Raises:
        UserError: it is missing, too large, no text, or neither JSON nor CSV.
    """
    text = _text_of(path, key)
    return _json_of(text, path, key) if text.lstrip()[:1] in ("{", "[") else _csv_of(text, path, key)


def refuse(key: str, what: str, remedy: str) -> NoReturn:
    """End with a message that names the key.

    Raises:
        UserError: always.
    """
    raise UserError(f"{key}: {what}; {remedy}")


def _text_of(path: Path, key: str) -> str:
    if not path.exists():
        refuse(key, f"there is no file {path} (seen from {Path.cwd()})", "put it there or correct the path")
    if not path.is_file():
        refuse(key, f"{path} is no file", "name the result file in it")
    size = path.stat().st_size
    if not 0 < size <= MOST_BYTES:
        what = f"has {size / 1e6:,.0f} MB, and result files have {MOST_BYTES // 10**6} MB at most"
        refuse(key, f"{path} {what if size else 'is empty'}", "write it again, without each request's text")
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        refuse(key, f"{path} is no text in UTF-8", "unpack it if it is packed, or name the JSON or CSV file")
    except OSError as error:
        refuse(key, f"{path} cannot be read ({error.strerror})", "let it be read, or name another file")


def _json_of(text: str, path: Path, key: str) -> Any:
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except RecursionError:
        refuse(key, f"{path} is nested too deeply for a result file", "name another file")
    except json.JSONDecodeError as error:
        what = f"{path}, line {error.lineno}: is no JSON: {error.msg}"
        refuse(key, what, "copy it again if it was cut off, or name the summary if it has an object a line")
    except ValueError:
        refuse(key, f"{path} holds a number of more digits than can be read", "name another file")


def _csv_of(text: str, path: Path, key: str) -> list[list[str]]:
    if "\0" in text:
        refuse(key, f"{path} is no text", "name the JSON or CSV file that the benchmark wrote")
    try:
        return list(_cells(text))
    except csv.Error as error:
        refuse(key, f"{path} is neither JSON nor CSV ({error})", "name the file that the benchmark wrote")


def _cells(text: str) -> Iterator[list[str]]:
    return csv.reader(text.splitlines(), strict=True)
