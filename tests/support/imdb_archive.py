"""A small archive with the structure of the official IMDB one, served and read as the source ``imdb``."""

import gzip
import hashlib
import io
import random
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.data_helpers import Outcome, Site, make_dataset

from batchscope.inputs.texts.generate import generate_reviews
from batchscope.inputs.texts.source_text import read_source_texts

TEXTS = [review.content for review in generate_reviews(240, seed=5)]


def archive(add: Callable[[tarfile.TarFile], None] | None = None) -> bytes:
    """240 reviews in the structure of the official archive, members in random order, other files too."""
    members = {}
    texts = iter(TEXTS)
    for split in ("train", "test"):
        for number in range(60):
            for label, stars in (("neg", 2), ("pos", 9)):
                members[f"aclImdb/{split}/{label}/{number}_{stars}.txt"] = next(texts)
    members["aclImdb/README"] = members["aclImdb/train/unsup/0_0.txt"] = "not a labelled review"
    members["aclImdb/train/labeledBow.feat"] = "9 0:9 1:1"
    names = list(members)
    random.Random(0).shuffle(names)
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for name in names:
            add_file(tar, name, members[name].encode())
        if add:
            add(tar)
    return buffer.getvalue()


def add_file(
    tar: tarfile.TarFile, name: str, content: bytes, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.type, member.linkname = len(content), kind, link
    tar.addfile(member, io.BytesIO(content))


def run(
    folder: Path,
    site: Site,
    md5: str | None = None,
    call: Callable[..., Outcome] = make_dataset,
    **options: Any,
) -> Outcome:
    """Make a dataset from what ``site`` serves; ``md5`` is that of its content unless given."""
    return call(
        folder,
        **options,
        source="imdb",
        imdb={"url": site.url, "md5": md5 or hashlib.md5(site.content, usedforsecurity=False).hexdigest()},
    )


def assert_complete(outcome: Outcome) -> None:
    """All reviews in order, and of the download nothing but the archive."""
    assert outcome.returncode == 0, outcome.stderr
    assert [(review.content, review.label) for review in read_source_texts(outcome.texts_csv)] == [
        (text, "positive" if number % 2 else "negative") for number, text in enumerate(TEXTS)
    ]
    assert [path.name for path in (outcome.folder / "downloads").iterdir()] == ["archive.tar.gz"]
