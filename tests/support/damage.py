"""Damage as disks, copies and hands do it to the files of measurements, seeded."""

import os
import random
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path


def flip(path: Path, _other: Path, chance: random.Random) -> None:
    """One bit."""
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def digit(path: Path, _other: Path, chance: random.Random) -> None:
    """One digit becomes another: a file that can still be read, with a wrong number."""
    content = bytearray(path.read_bytes())
    if places := [found.start() for found in re.finditer(rb"\d", content)]:
        place = chance.choice(places)
        content[place] = chance.choice([each for each in b"0123456789" if each != content[place]])
    path.write_bytes(content)


def cut(path: Path, _other: Path, chance: random.Random) -> None:
    """The end is lost."""
    os.truncate(path, chance.randrange(path.stat().st_size))


def zeros(path: Path, _other: Path, chance: random.Random) -> None:
    """A block was never written."""
    content = path.read_bytes()
    start = chance.randrange(len(content))
    block = min(512, len(content) - start)
    path.write_bytes(content[:start] + bytes(block) + content[start + block :])


def empty(path: Path, _other: Path, _chance: random.Random) -> None:
    path.write_bytes(b"")


def missing(path: Path, _other: Path, _chance: random.Random) -> None:
    path.unlink()


def of_another(path: Path, other: Path, _chance: random.Random) -> None:
    """The file of this name of another measurement."""
    shutil.copyfile(other / path.name, path)


def folder_of_another(path: Path, other: Path, _chance: random.Random) -> None:
    """All files of another measurement."""
    shutil.copytree(other, path.parent, dirs_exist_ok=True)


DAMAGES: Sequence[Callable[[Path, Path, random.Random], None]] = (
    flip, flip, digit, digit, cut, zeros, empty, missing, of_another, folder_of_another,
)  # fmt: skip
