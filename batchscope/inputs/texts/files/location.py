"""Where a file of the user's lies: on this machine, or at an address from which it is downloaded once."""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path

from batchscope.inputs.texts.download import download, file_digest
from batchscope.inputs.texts.files.plain_lines import files_of
from batchscope.inputs.texts.files.read import read_texts
from batchscope.inputs.texts.files.table import Request
from batchscope.inputs.texts.files.urls import file_name, shown
from batchscope.inputs.texts.source_text import Loaded


def load_file(location: str, sha256: str | None, downloads: Path, request: Request) -> Loaded:
    """The texts of a file, a folder or an address, after its checksum.

    Raises:
        UserError: there is no file, it cannot be fetched, it is another one, or `read_texts` refuses it.
    """
    path = fetched(location, downloads, request) if is_url(location) else Path(location).expanduser()
    if not path.exists():
        request.refuse(
            "path",
            f"there is no file {path} (seen from {Path.cwd()}); put it there or set the key",
        )
    provenance: dict[str, str | int] = {"path": shown(location) if is_url(location) else location}
    if path.is_file():
        provenance["sha256"] = checked(path, sha256, request, again=is_url(location))
    elif sha256 is not None:
        request.refuse("sha256", f"{path} is a folder, which has no checksum; set this key to null")
    texts, columns = read_texts(path, request)
    order = "as in the file" if path.is_file() else "by the files' names"
    return Loaded(texts, order, provenance, request.key("label_column"), (columns,))


def local_files(location: str) -> Sequence[str]:
    """The files that a location on this machine stands for."""
    if is_url(location):
        return ()
    path = Path(location).expanduser()
    return [str(path)] if not path.is_dir() else [str(each) for each in files_of(path)]


def is_url(location: str) -> bool:
    """Whether a path is an address."""
    return re.match("https?://", location, re.IGNORECASE) is not None


def fetched(location: str, downloads: Path, request: Request) -> Path:
    """What an address leads to, downloaded once.

    Raises:
        UserError: it cannot be fetched.
    """
    # Two addresses may end in the same name; a file by hand is set as the path instead.
    key = hashlib.sha256(location.encode()).hexdigest()[:8]
    path = downloads / f"{key}-{file_name(location, 'texts')}"
    path_key = request.key("path")
    download(location, path, key=path_key, by_hand=f"set {path_key} to the file")
    return path


def checked(path: Path, sha256: str | None, request: Request, *, again: bool) -> str:
    """A file's checksum, which must be the one asked for; ``again``: it can be downloaded again.

    Raises:
        UserError: it is another file.
    """
    got = file_digest(path, "sha256")
    if sha256 not in (None, got):
        remedy = "delete that file to download it again" if again else "name the right file"
        request.refuse(
            "sha256", f"{path} has SHA-256 {got}, expected {sha256}; {remedy}, or correct the checksum"
        )
    return got
