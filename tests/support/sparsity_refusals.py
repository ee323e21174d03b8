"""Run with an engine environment's Python: what reading 2:4 weights says of folders that it refuses.

Arguments: a folder of model folders, and the file that gets what is said of each, by its name.
"""

import json
import sys
from pathlib import Path

from batchscope.common.errors import UserError
from batchscope.worker.sparsity.__main__ import answered


def said(folder: Path) -> str | None:
    """The message; None: nothing is wrong."""
    try:
        answered(folder, pruning=True)
    except UserError as error:
        return str(error)
    return None


if __name__ == "__main__":
    folders, out = map(Path, sys.argv[1:])
    found = {folder.name: said(folder) for folder in sorted(folders.iterdir()) if folder.is_dir()}
    out.write_text(json.dumps(found))
