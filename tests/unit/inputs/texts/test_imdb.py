import gzip
import hashlib
import io
import random
import signal
import subprocess
import tarfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.data_helpers import ENVIRONMENT, Outcome, Site, command_line, make_dataset, serving

from batchscope.inputs.texts.generate import generate_reviews
from batchscope.inputs.texts.reviews import Review, read_reviews

TEXTS = [review.text for review in generate_reviews(240, seed=5)]
PART = Path("downloads/archive.tar.gz.part")


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


def run(folder: Path, site: Site, md5: str | None = None, largest_file: int | None = None) -> Outcome:
    return make_dataset(
        folder,
        largest_file=largest_file,
        source="imdb",
        imdb={"url": site.url, "md5": md5 or hashlib.md5(site.content, usedforsecurity=False).hexdigest()},
    )


def assert_complete(outcome: Outcome) -> None:
    assert outcome.returncode == 0, outcome.stderr
    assert read_reviews(outcome.reviews_csv) == [
        Review(text, "positive" if number % 2 else "negative") for number, text in enumerate(TEXTS)
    ]
    assert [path.name for path in (outcome.folder / "downloads").iterdir()] == ["archive.tar.gz"]


def test_documented_order_and_one_download(tmp_path: Path) -> None:
    with serving(Site(archive())) as site:
        assert_complete(run(tmp_path, site))
        assert_complete(outcome := run(tmp_path, site))
    assert len(site.requests) == 1
    assert "train before test" in outcome.summary["order"]
    assert outcome.summary["provenance"]["url"] == site.url


def test_a_cut_download_goes_on_where_it_stopped(tmp_path: Path) -> None:
    content = archive()
    with serving(Site(content, cut_after=[20_000, 10_000])) as site:
        assert_complete(run(tmp_path, site))
    assert [request.get("Range") for request in site.requests] == [None, "bytes=20000-", "bytes=30000-"]
    assert site.sent == len(content)


def test_ctrl_c_keeps_what_arrived_for_the_next_call(tmp_path: Path) -> None:
    content = archive()
    with serving(Site(content, cut_after=[20_000, 0, 0, 0])) as site:
        command = command_line(source="imdb", imdb={"url": site.url})
        process = subprocess.Popen(command, cwd=tmp_path, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 30
        while len(site.requests) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "Traceback" not in errors
        assert (tmp_path / PART).read_bytes() == content[:20_000]
        site.cut_after.clear()
        assert_complete(run(tmp_path, site))
    assert site.sent == len(content)


@pytest.mark.parametrize(
    ("site", "why"),
    [
        (Site(archive(), ranges=False, cut_after=[20_000]), "the server takes no ranges"),
        (Site(archive(), etag="", cut_after=[20_000]), "nothing tells one version from another"),
        (Site(archive(), etag='W/"v1"', cut_after=[20_000]), "a weak ETag promises no equal bytes"),
    ],
)
def test_a_download_starts_anew_when_it_cannot_go_on(tmp_path: Path, site: Site, why: str) -> None:
    with serving(site):
        assert_complete(run(tmp_path, site))
    assert site.sent == len(site.content) + 20_000, why


def test_another_version_is_not_glued_to_an_old_piece(tmp_path: Path) -> None:
    (tmp_path / "downloads").mkdir()
    (tmp_path / PART).write_bytes(b"old" * 1000)
    (tmp_path / f"{PART}.version").write_text('"v0"')
    with serving(Site(archive())) as site:
        assert_complete(run(tmp_path, site))
    assert site.requests[0]["If-Range"] == '"v0"'


def test_a_whole_piece_needs_no_more_bytes(tmp_path: Path) -> None:
    content = archive()
    (tmp_path / "downloads").mkdir()
    (tmp_path / PART).write_bytes(content)
    (tmp_path / f"{PART}.version").write_text('"v1"')
    with serving(Site(content)) as site:
        assert_complete(run(tmp_path, site))
    assert site.sent == 0


def test_a_connection_that_brings_nothing_is_given_up(tmp_path: Path) -> None:
    with serving(Site(archive(), cut_after=[0] * 9)) as site:
        run(tmp_path, site).assert_refused(
            "dataset.imdb.url", site.url, "was cut", "download it by hand and put it"
        )
    assert len(site.requests) == 3


def test_an_unreachable_host(tmp_path: Path) -> None:
    with serving(Site(b"")) as site:
        pass
    run(tmp_path, site).assert_refused("dataset.imdb.url", site.url, "Connection refused", "put it at")


def test_a_full_disk(tmp_path: Path) -> None:
    # A limit on file size is the nearest to a full disk that a test can have.
    with serving(Site(archive())) as site:
        outcome = run(tmp_path, site, largest_file=9000)
        outcome.assert_refused("dataset.imdb.url", "cannot write", "make room", "goes on where it stopped")
        assert_complete(run(tmp_path, site))
    assert site.requests[-1]["Range"] == "bytes=9000-"


def test_a_wrong_checksum_deletes_nothing(tmp_path: Path) -> None:
    with serving(Site(archive())) as site:
        got = hashlib.md5(site.content, usedforsecurity=False).hexdigest()
        outcome = run(tmp_path, site, md5="0" * 32)
    outcome.assert_refused("dataset.imdb.md5", got, "0" * 32, "delete that file", "dataset.imdb.url")
    assert (tmp_path / "downloads/archive.tar.gz").read_bytes() == site.content


def test_malicious_members_do_nothing(tmp_path: Path) -> None:
    def add(tar: tarfile.TarFile) -> None:
        for name in ("/tmp/evil_1.txt", "../../evil_1.txt", "aclImdb/train/pos/../../../../evil_1.txt"):
            add_file(tar, name, b"evil")
        add_file(tar, "aclImdb/train/pos/900_9.txt", b"", tarfile.SYMTYPE, "/etc/passwd")
        add_file(tar, "aclImdb/train/pos/901_9.txt", b"", tarfile.LNKTYPE, "/etc/passwd")
        add_file(tar, "aclImdb/train/pos/902_9.txt", b"", tarfile.CHRTYPE)
        add_file(tar, "aclImdb/train/pos/903_9.txt", b"", tarfile.FIFOTYPE)
        add_file(tar, "aclImdb/train/pos/904_9.txt", b"", tarfile.DIRTYPE)
        add_file(tar, "aclImdb/train/pos/905_9.txt\n", b"evil")

    with serving(Site(archive(add))) as site:
        assert_complete(run(tmp_path, site))
    assert {path.name for path in tmp_path.iterdir()} == {"reviews.csv", "summary.json", "downloads"}


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("aclImdb/train/pos/900_9.txt", b"caf\xe9", "not UTF-8 at byte 3"),
        ("aclImdb/train/pos/900_9.txt", b" ", "which is empty"),
        ("aclImdb/train/pos/0_9.txt", b"again", "twice"),
        ("aclImdb/train/pos/900_9.txt", b"x" * (1 << 21), "no review"),
    ],
)
def test_a_dirty_member_is_named(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    with serving(Site(archive(lambda tar: add_file(tar, name, content)))) as site:
        run(tmp_path, site).assert_refused(name, message, "dataset.imdb")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (archive()[:-30_000], "truncated or damaged"),
        (archive()[:-8], "truncated or damaged"),
        (archive()[:20_000] + bytes(500) + archive()[20_500:], "truncated or damaged"),
        (b"<html>not here</html>", "truncated or damaged"),
        (gzip.compress(bytes(10_240), mtime=0), "holds no files such as aclImdb/train/pos/0_9.txt"),
    ],
    ids=["cut", "no trailer", "damaged", "a web page", "no reviews"],
)
def test_a_damaged_archive(tmp_path: Path, content: bytes, message: str) -> None:
    with serving(Site(content)) as site:
        run(tmp_path, site).assert_refused("dataset.imdb", "archive.tar.gz", message, "delete it")
