"""Makes or verifies 2:4 weights: ``python -m batchscope.worker.sparsity JOB.json``.

The job: ``folder``, a model's, and ``prune``, whether to prune it or to take its weights as they are. The
answer goes to the file ``answer``: what was found, tensor by tensor (``tensors``, ``unpacked``), or an
``error``, or that this Python cannot unpack the weights (``no_unpacker``).
"""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from batchscope.common.errors import UserError
from batchscope.worker.sparsity.checkpoint import prune, verify
from batchscope.worker.sparsity.unpack import NoUnpackerError, packed_format, unpack


def main() -> None:
    """Do what the job says, and write the answer."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        answer = answered(Path(job["folder"]), pruning=job["prune"])
    except UserError as error:
        answer = {"error": str(error)}
    except NoUnpackerError as error:
        answer = {"no_unpacker": str(error)}
    Path(job["answer"]).write_text(json.dumps(answer), encoding="utf-8")


def answered(folder: Path, *, pruning: bool) -> dict[str, Any]:
    """Unpack where it is packed; prune where that is asked for; count in any case.

    What was pruned is read back and counted like any other checkpoint.

    Raises:
        UserError: the weights are not 2:4, or cannot be made so.
        NoUnpackerError: another Python is needed.
    """
    form = packed_format(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    if form:
        unpack(folder, form)
    kept = {each.name: each.kept_norm for each in prune(folder)} if pruning else {}
    found = [replace(each, kept_norm=kept.get(each.name)) for each in verify(folder)]
    return {"tensors": {each.name: each.as_json() for each in found}, "unpacked": form}


if __name__ == "__main__":
    main()
