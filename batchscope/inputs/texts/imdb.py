"""Reviews from the official archive of the Large Movie Review Dataset, read without unpacking it.

Maas et al., Learning Word Vectors for Sentiment Analysis, ACL 2011; https://ai.stanford.edu/~amaas/data/sentiment/.
"""

import gzip
import re
import sys
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from batchscope.common.errors import UserError
from batchscope.config.dataset import Dataset
from batchscope.config.task import Task
from batchscope.inputs.texts.download import download, file_digest
from batchscope.inputs.texts.files.urls import file_name, shown
from batchscope.inputs.texts.room import Room, TooLargeError, declared_by_gzip, room_here
from batchscope.inputs.texts.source_text import Loaded, SourceText

MEMBER = re.compile(r"aclImdb/(train|test)/(pos|neg)/([0-9]{1,9})_[0-9]{1,9}\.txt")
LARGEST_MEMBER = 1 << 17  # bytes; the longest real review has 14 kB
MEMBERS_OF_OFFICIAL = 100_024
ORDER = (
    "train before test, then by the number in the file name, negative before positive where numbers are equal"
)

DAMAGED = (tarfile.TarError, EOFError, zlib.error, OSError, ValueError, OverflowError, LookupError)
"""What the libraries raise for a damaged archive: tarfile reads the numbers of headers unchecked."""

Place = tuple[bool, int, bool]


def load(dataset: Dataset, downloads: Path, _: Task) -> Loaded:
    """The archive's reviews, fetched once and checked, see `batchscope.inputs.texts.sources`.

    Raises:
        UserError: it cannot be fetched, or it is not the official archive.
    """
    url, md5 = dataset.imdb.url, dataset.imdb.md5
    path = downloads / file_name(url, "aclImdb_v1.tar.gz")
    download(url, path, key="dataset.imdb.url", by_hand=f"put it at {path}")
    check_archive(path, md5)
    return Loaded(read_archive(path), ORDER, {"url": shown(url), "md5": md5})


def check_archive(path: Path, md5: str) -> None:
    """Compare the archive with its published checksum.

    Raises:
        UserError: it is another file; it is left where it is.
    """
    if (got := file_digest(path, "md5")) != md5:
        raise UserError(
            f"dataset.imdb.md5: {path} has MD5 {got}, expected {md5}; delete that file to download it again, "
            "or check dataset.imdb.url and dataset.imdb.md5"
        )


def read_archive(path: Path, room: Room | None = None) -> list[SourceText]:
    """Read all labelled reviews of ``aclImdb_v1.tar.gz``.

    Order: train before test, then by the number in the file name, negative before positive where numbers are
    equal, so labels alternate. Nothing is written to disk, and only regular files named like
    ``aclImdb/train/pos/0_9.txt`` are read, so links, devices and paths that lead elsewhere do no harm.

    Raises:
        UserError: the archive is damaged, unpacks to more than there is room for, holds no reviews, or a
            review that is empty, doubled or not UTF-8.
    """
    found: dict[Place, SourceText] = {}
    try:
        for place, name, content in _members(path, room or room_here()):
            if place in found:
                raise UserError(_refusal(path, f"holds {name} twice"))
            label = "positive" if place[2] else "negative"
            found[place] = SourceText(_text(path, name, content), label, _id(name), name)
    except TooLargeError as error:
        raise UserError(f"dataset.imdb.url: {error}") from None
    except DAMAGED as error:
        raise UserError(_refusal(path, f"is truncated or damaged ({error})")) from None
    if not found:
        raise UserError(_refusal(path, "holds no files such as aclImdb/train/pos/0_9.txt"))
    return [found[place] for place in sorted(found)]


def _members(path: Path, room: Room) -> Iterator[tuple[Place, str, bytes]]:
    with path.open("rb") as file:
        room.check(path, declared_by_gzip(file))
    # gzip notices a truncated file; tarfile's own "r|gz" takes it for the end of the archive.
    with (
        gzip.open(path) as packed,
        room.limited(packed, path) as unzipped,
        tarfile.open(fileobj=unzipped, mode="r|") as archive,
    ):
        for member in tqdm(
            archive, desc=path.name, total=MEMBERS_OF_OFFICIAL, unit="file", disable=None, file=sys.stderr
        ):
            match = MEMBER.fullmatch(member.name)
            if not match or member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE):
                continue
            if member.size > LARGEST_MEMBER:
                raise UserError(_refusal(path, f"holds {member.name} of {member.size:,} bytes, no review"))
            content = archive.extractfile(member)
            split, label, number = match.groups()
            yield (
                (split == "test", int(number), label == "pos"),
                member.name,
                content.read() if content else b"",
            )
        while unzipped.read(1 << 20):
            pass  # to the end, where gzip compares its own checksum


def _id(name: str) -> str:
    """Such as train/pos/0_9."""
    return name.removeprefix("aclImdb/").removesuffix(".txt")


def _text(path: Path, name: str, content: bytes) -> str:
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise UserError(_refusal(path, f"holds {name}, which is not UTF-8 at byte {error.start}")) from None
    if "\0" in text:
        raise UserError(_refusal(path, f"holds {name}, which has a NUL character in it"))
    if not text.strip():
        raise UserError(_refusal(path, f"holds {name}, which is empty"))
    return text


def _refusal(path: Path, what: str) -> str:
    return f"dataset.imdb: {path} {what}; delete it to download it again, or check dataset.imdb.url"
