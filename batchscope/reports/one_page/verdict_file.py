"""Reading verdict.json."""

from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import read_json
from batchscope.common.errors import UserError

SCHEMA = 2


def read_verdict(path: Path) -> dict[str, Any]:
    """The verdict, as docs/files.md describes it.

    Raises:
        UserError: the file is missing or damaged, or of another version.
    """
    verdict = read_json(path)
    if verdict is None or verdict.get("schema") != SCHEMA:
        raise UserError(f"{path}: no verdict of this version can be read; delete it and rerun")
    return verdict
