"""Files of the user's that a rule reads: inputs where they can be, else a stamp among its parameters.

Snakemake takes braces in an input's name for a wildcard and offers no way to escape them. And it prints all
inputs of a job, which nobody wants of a folder with thousands of files.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from batchscope.common.errors import UserError

MOST_INPUTS = 20


def as_inputs(files: Sequence[str]) -> list[str]:
    """Those files that are there, if Snakemake can name them all; else none, see `stamp`."""
    return _there(files) if _can_be_inputs(files) else []


def stamp(files: Sequence[str]) -> str:
    """What changes when one of the files does, where they are no inputs; empty where they are.

    A digest of names, sizes and times: this is asked again in each of Snakemake's processes, so contents are
    not read. A file that is only touched is read again, but what depends on its content stays.
    """
    return "" if _can_be_inputs(files) else stamp_of_those_there(files)


def stamp_of_those_there(files: Sequence[str]) -> str:
    """A digest of names, sizes and times of those files that are there."""
    digest = hashlib.sha256()
    for file in _there(files):
        status = Path(file).stat()
        digest.update(f"{file}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.hexdigest()


UNFIT = "{}\\'"
"""What Snakemake does not pass on as it is in the path of a checkout.

Braces are wildcards to it, and a path with a quote reaches a shell in double quotes, where $ and ` act.
"""


def refuse_unfit_place(checkout: str) -> None:
    """Stop where the checkout lies in a folder whose name Snakemake does not pass on as it is.

    Raises:
        UserError: the path has braces, a backslash, a single quote or a control character in it.
    """
    if unfit := [character for character in checkout if character in UNFIT or not character.isprintable()]:
        raise UserError(
            f"{checkout}: the workflow cannot lie there, for Snakemake takes {unfit[0]} in a path for "
            "something else; move the checkout to a folder without"
        )


def _can_be_inputs(files: Sequence[str]) -> bool:
    return len(files) <= MOST_INPUTS and not any("{" in file for file in files)


def _there(files: Sequence[str]) -> list[str]:
    """A missing file is no input: the script names the key, Snakemake would not."""
    return [file for file in files if Path(file).exists()]
