import gzip
import hashlib
import tarfile
from pathlib import Path

import pytest
from support.data_helpers import Site, call_make_dataset, serving
from support.imdb_archive import add_file, archive, assert_complete, run


def test_documented_order_and_one_download(tmp_path: Path) -> None:
    with serving(Site(archive())) as site:
        assert_complete(run(tmp_path, site, call=call_make_dataset))
        assert_complete(outcome := run(tmp_path, site))
    assert len(site.requests) == 1
    assert "train before test" in outcome.summary["order"]
    assert outcome.summary["provenance"]["url"] == site.url


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
    assert {path.name for path in tmp_path.iterdir()} == {"texts.csv", "summary.json", "downloads"}


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
        (b"no archive at all", "truncated or damaged"),
        (gzip.compress(bytes(10_240), mtime=0), "holds no files such as aclImdb/train/pos/0_9.txt"),
    ],
    ids=["cut", "no trailer", "damaged", "a text", "no reviews"],
)
def test_a_damaged_archive(tmp_path: Path, content: bytes, message: str) -> None:
    with serving(Site(content)) as site:
        run(tmp_path, site).assert_refused("dataset.imdb", "archive.tar.gz", message, "delete it")


def test_members_with_odd_numbers_are_no_reviews(tmp_path: Path) -> None:
    def add(tar: tarfile.TarFile) -> None:
        for number in ("9" * 5000, "1234567890", "\u0661"):
            add_file(tar, f"aclImdb/train/pos/{number}_9.txt", b"odd")

    with serving(Site(archive(add))) as site:
        assert_complete(run(tmp_path, site))


@pytest.mark.parametrize("size", [b"99999999999\0", b"abcdefghijk\0", b"-0000000001\0"])
def test_a_member_with_a_damaged_header_is_told(tmp_path: Path, size: bytes) -> None:
    plain = bytearray(gzip.decompress(archive()))
    plain[512 + 124 : 512 + 136] = size
    with serving(Site(gzip.compress(bytes(plain)))) as site:
        outcome = run(tmp_path, site)
    assert "Traceback" not in outcome.stderr
    assert outcome.returncode in (0, 1)


def test_a_damaged_extended_header_is_told(tmp_path: Path) -> None:
    def add(tar: tarfile.TarFile) -> None:
        add_file(tar, "header", b"21 GNU.sparse.map=zz\n", tarfile.XHDTYPE)
        add_file(tar, "aclImdb/train/pos/900_9.txt", b"fine")

    with serving(Site(archive(add))) as site:
        run(tmp_path, site).assert_refused("dataset.imdb", "truncated or damaged", "delete it")
