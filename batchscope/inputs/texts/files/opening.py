"""Opens a file as plain bytes or text, whatever it is packed with; its first bytes tell what it is."""

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TextIO

import pyarrow as pa

from batchscope.inputs.texts.files.table import Request
from batchscope.inputs.texts.room import Room, TooLargeError, declared_by_gzip, room_here

SNIFFED = 4096
"""Bytes from the start of a file that are looked at."""

DAMAGED = (
    OSError,
    EOFError,
    zlib.error,
    lzma.LZMAError,
    zipfile.BadZipFile,
    RuntimeError,  # zipfile's, of a file with a password or an unknown packing
    pa.ArrowException,
)
"""What the libraries raise for a file that is cut, or is not what it is taken for."""


class Content(NamedTuple):
    """A file, unpacked."""

    bytes: io.BufferedReader
    """from its start"""
    name: str
    """inside the packing"""
    path: Path
    """the user's"""
    room: Room
    """for what comes out of it"""

    @property
    def shown(self) -> str:
        """The user's name of it."""
        return str(self.path)


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


TWICE = ("packed twice", "unpack it once and name what is in it")

NO_TEXTS = {
    b"PK\x03\x04": TWICE,
    b"\x1f\x8b": TWICE,
    b"\xfd7zXZ\0": TWICE,
    b"\x28\xb5\x2f\xfd": TWICE,
    b"%PDF": ("a PDF document", "export its texts as CSV"),
    b"\xd0\xcf\x11\xe0": ("an Office document", "save the sheet as CSV (UTF-8) and name that"),
    b"SQLite format 3": ("a database", "export its texts as CSV"),
    b"ARROW1": ("an Arrow file", "write it as Parquet"),
}
"""By first bytes: what else a user may have, and how to make a file of texts of it."""

TAR_AT, TAR = 257, b"ustar"
"""What stands where in an archive of tar's."""


@contextmanager
def unpacked(path: Path, request: Request, room: Room | None = None) -> Iterator[Content]:
    """Open a file and unpack it on the way, once; a .zip must hold one file.

    Args:
        path: the file.
        request: how it is read, and how messages name it.
        room: for what comes out of a packed file; None: what this machine has.

    Raises:
        UserError: it cannot be read, is damaged, is a web page or a workbook, a .zip with several files, or
            unpacks to more than there is room for. What is raised while the content is read becomes one too.
    """
    try:
        with path.open("rb") as file, _unpacker(file)(file, path, request, room or room_here()) as content:
            yield _checked(content, request)
    except UnicodeError as error:
        reason = f"{path} is no text in {request.encoding.upper()} ({error})"
        key = request.key("encoding") if request.keys_of_format else "another file, or save it as UTF-8"
        request.refuse("path", f"{reason}; set {key}, or name a whole file")
    except TooLargeError as error:
        request.refuse("path", str(error))
    except DAMAGED as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        request.refuse("path", f"cannot read {path}: {reason}; name a readable, whole file")


Unpacker = Callable[[BinaryIO, Path, Request, Room], AbstractContextManager[Content]]


def _unpacker(file: BinaryIO) -> Unpacker:
    """What opens a file that begins like this one, which stays at its beginning."""
    start = file.read(SNIFFED)
    file.seek(0)
    if start.startswith(ZIP):
        return _from_zip
    packed = next((known for magic, known in UNPACKERS.items() if start.startswith(magic)), None)
    return partial(_from_stream, *packed) if packed else _as_it_is


@contextmanager
def _from_zip(file: BinaryIO, path: Path, request: Request, room: Room) -> Iterator[Content]:
    with zipfile.ZipFile(file) as archive:
        member = _only_member(archive, path, request)
        room.check(path, member.file_size)
        with archive.open(member) as plain:
            yield Content(room.limited(plain, path), member.filename, path, room)


@contextmanager
def _from_stream(
    ending: str,
    unpack: Callable[[BinaryIO], Any],
    file: BinaryIO,
    path: Path,
    _: Request,
    room: Room,
) -> Iterator[Content]:
    if ending == ".gz":
        room.check(path, declared_by_gzip(file))
    with unpack(file) as plain:
        yield Content(room.limited(plain, path), path.name.removesuffix(ending), path, room)


@contextmanager
def _as_it_is(file: Any, path: Path, _: Request, room: Room) -> Iterator[Content]:
    yield Content(io.BufferedReader(file), path.name, path, room)


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


def _only_member(archive: zipfile.ZipFile, path: Path, request: Request) -> zipfile.ZipInfo:
    members = {info.filename: info for info in archive.infolist() if not info.filename.endswith("/")}
    if "[Content_Types].xml" in members:
        request.refuse(
            "path", f"{path} is a workbook or a document; save the sheet as CSV (UTF-8) and name that"
        )
    files = [
        name for name in members if not name.startswith("__MACOSX/") and not Path(name).name.startswith(".")
    ]
    if not files:
        request.refuse("path", f"{path} holds no files; name one that holds texts")
    if len(files) != 1:
        held = f"holds {len(files)} files ({', '.join(files[:5])}{', ...' if len(files) > 5 else ''})"
        request.refuse("path", f"{path} {held}; unpack it and name one of them, or a folder of .txt files")
    return members[files[0]]


def _is_html(start: bytes) -> bool:
    beginning = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return beginning.startswith((b"<!doctype html", b"<html", b"<head"))
