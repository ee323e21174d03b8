"""Opens a file as plain bytes or text, whatever it is packed with; its first bytes tell what it is."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO

import pyarrow as pa

from batchscope.inputs.texts.files.table import Request

SNIFFED = 4096
"""Bytes from the start of a file that are looked at."""

DAMAGED = (
    OSError,
    EOFError,
    UnicodeError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    RuntimeError,  # zipfile's, of a file with a password or an unknown packing
    pa.ArrowException,
)
"""What the libraries raise for a file that is cut, or is not what it is taken for."""


class Content(NamedTuple):
    """A file, unpacked: bytes from its start, its name inside the packing, and the user's name of it."""

    bytes: io.BufferedReader
    name: str
    shown: str


UNPACKERS: dict[bytes, tuple[str, Callable[[BinaryIO], Any]]] = {
    b"\x1f\x8b": (".gz", lambda file: gzip.GzipFile(fileobj=file)),
    b"BZh": (".bz2", bz2.BZ2File),
    b"\xfd7zXZ\0": (".xz", lzma.LZMAFile),
    b"\x28\xb5\x2f\xfd": (
        ".zst",
        lambda file: pa.CompressedInputStream(pa.PythonFile(file, mode="r"), "zstd"),
    ),
}
"""By the first bytes of a packed file: the ending of its name, and what unpacks it."""

ZIP = (b"PK\x03\x04", b"PK\x05\x06")
"""The first bytes of a .zip; the second of an empty one."""


NO_TEXTS = {
    b"%PDF": ("a PDF document", "export its texts as CSV"),
    b"\xd0\xcf\x11\xe0": ("an Office document", "save the sheet as CSV (UTF-8) and name that"),
    b"SQLite format 3": ("a database", "export its texts as CSV"),
    b"ARROW1": ("an Arrow file", "write it as Parquet"),
}
"""By first bytes: what else a user may have, and how to make a file of texts of it."""

TAR_AT, TAR = 257, b"ustar"
"""What stands where in an archive of tar's."""


@contextmanager
def unpacked(path: Path, request: Request) -> Iterator[Content]:
    """Open a file and unpack it on the way, once; a .zip must hold one file.

    Raises:
        UserError: it cannot be read, is damaged, is a web page or a workbook, or a .zip with several files.
            What is raised for damage while the content is read becomes one too.
    """
    try:
        with path.open("rb") as file:
            start = file.read(SNIFFED)
            file.seek(0)
            if start.startswith(ZIP):
                with zipfile.ZipFile(file) as archive:
                    name = _only_member(archive, path, request)
                    with archive.open(name) as member:
                        yield _checked(Content(_buffered(member), name, str(path)), request)
                return
            for magic, (ending, unpack) in UNPACKERS.items():
                if start.startswith(magic):
                    with unpack(file) as plain:
                        name = path.name.removesuffix(ending)
                        yield _checked(Content(_buffered(plain), name, str(path)), request)
                    return
            yield _checked(Content(_buffered(file), path.name, str(path)), request)
    except DAMAGED as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        request.refuse("path", f"cannot read {path}: {reason}; name a readable, whole file")


def as_text(content: Content, request: Request, newline: str | None = None) -> TextIO:
    """Decode: bytes that are no text come through as lone surrogates, so that they can be named by row.

    ``newline`` is that of `open`. A byte order mark is dropped.

    Raises:
        UserError: the file is UTF-16 and the configuration says otherwise.
    """
    encoding = (
        "utf-8-sig" if request.encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else request.encoding
    )
    if encoding == "utf-8-sig" and content.bytes.peek(2)[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        remedy = f"set {request.key('encoding')}: utf-16" if request.keys_of_format else "save it as UTF-8"
        request.refuse("path", f"{content.shown} is UTF-16 text; {remedy}")
    return io.TextIOWrapper(content.bytes, encoding, errors="surrogateescape", newline=newline)


def encoding_problem(request: Request, *texts: str) -> str:
    """Why a row's texts cannot be used as they were decoded; empty if they can."""
    if all(map(_is_text, texts)):
        return "a NUL character; is this the right encoding?" if any("\0" in text for text in texts) else ""
    name = request.encoding.upper()
    if not request.keys_of_format:
        return f"bytes that are not {name}; save the file as {name}"
    return (
        f"bytes that are not {name}; save the file as UTF-8, or set {request.key('encoding')}, such as cp1252"
    )


def _buffered(file: Any) -> io.BufferedReader:
    return io.BufferedReader(file)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _checked(content: Content, request: Request) -> Content:
    """The content, unless its first bytes are those of something else than a file of texts."""
    start = content.bytes.peek(SNIFFED)
    if _is_html(start):
        what, remedy = "a web page and holds no texts", "name the file that the page leads to"
    elif start[TAR_AT:].startswith(TAR):
        what, remedy = "an archive", "unpack it and name one of its files, or a folder of .txt files"
    else:
        known = (found for magic, found in NO_TEXTS.items() if start.startswith(magic))
        what, remedy = next(known, ("", ""))
    if what:
        request.refuse("path", f"{content.shown} is {what}; {remedy}")
    return content


def _only_member(archive: zipfile.ZipFile, path: Path, request: Request) -> str:
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    if "[Content_Types].xml" in names:
        request.refuse(
            "path", f"{path} is a workbook or a document; save the sheet as CSV (UTF-8) and name that"
        )
    files = [
        name for name in names if not name.startswith("__MACOSX/") and not Path(name).name.startswith(".")
    ]
    if len(files) != 1:
        held = f"holds {len(files)} files ({', '.join(files[:5])}{', ...' if len(files) > 5 else ''})"
        request.refuse("path", f"{path} {held}; unpack it and name one of them, or a folder of .txt files")
    return files[0]


def _is_html(start: bytes) -> bool:
    beginning = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return beginning.startswith((b"<!doctype html", b"<html", b"<head"))
