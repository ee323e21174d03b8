"""How much may come out of a packed file: a small one may unpack to more than any disk holds.

Texts are held in memory and written to disk once more, so the lesser of the two is the limit.
"""

import io
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from batchscope.common.host_memory import free_memory_of_host


class TooLargeError(Exception):
    """More comes out of a file than there is room for; the message says how much that is."""


@dataclass(frozen=True)
class Room:
    """Bytes that there is room for."""

    size: int
    place: str
    """which limit that is, for messages"""

    def check(self, path: Path, declared: int) -> None:
        """Look before unpacking.

        Args:
            path: the packed file.
            declared: bytes that it says will come out, at least.

        Raises:
            TooLargeError: there is no room for so much.
        """
        if declared > self.size:
            raise TooLargeError(self._words(path, f"unpacks to {shown_size(declared)}"))

    def limited(self, stream: Any, path: Path) -> io.BufferedReader:
        """What comes out of a packed file, up to the limit.

        Reading on from there raises `TooLargeError`, whatever the file has declared.

        Args:
            stream: has ``read``; what comes out.
            path: the packed file, for messages.
        """
        too_much = self._words(path, f"unpacks to more than {shown_size(self.size)}")
        return io.BufferedReader(_Limited(stream, self.size, too_much))

    def _words(self, path: Path, what: str) -> str:
        return (
            f"{path} of {shown_size(path.stat().st_size)} {what}, and {self.place} has "
            f"{shown_size(self.size)} free; make room, or name a smaller file"
        )


def room_here(folder: Path = Path()) -> Room:
    """What the disk of a folder and this machine's memory have room for."""
    disk = Room(shutil.disk_usage(folder).free, f"the disk of {folder.absolute()}")
    memory = Room(free_memory_of_host(), "this machine's memory")
    return min(disk, memory, key=lambda room: room.size)


def declared_by_gzip(file: BinaryIO) -> int:
    """Bytes that come out of a .gz file, at least: its end holds the size of its last part, modulo 4 GiB."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - 4, 0))
    declared = int.from_bytes(file.read(4), "little")
    file.seek(0)
    return declared


def shown_size(size: int) -> str:
    """Bytes in a unit that is easy to read."""
    for unit, bytes_of_unit in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if size >= bytes_of_unit:
            return f"{size / bytes_of_unit:,.1f} {unit}"
    return f"{size:,} bytes"


class _Limited(io.RawIOBase):
    def __init__(self, stream: Any, left: int, too_much: str) -> None:
        self._stream, self._left, self._too_much = stream, left, too_much

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece: bytes = self._stream.read(len(buffer))
        self._left -= len(piece)
        if self._left < 0:
            raise TooLargeError(self._too_much)
        buffer[: len(piece)] = piece
        return len(piece)
