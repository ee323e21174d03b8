"""What a file is packed in, and what is no file of texts at all."""

import gzip
import io
import tarfile
from pathlib import Path

import pytest
from support.text_files import PACKERS, TICKETS, as_csv, make_from_file, pairs, zipped

CSV = as_csv(TICKETS)
WANTED = [(row["text"], row["team"]) for row in TICKETS]


def tar_of(content: bytes) -> bytes:
    buffer = io.BytesIO()
    member = tarfile.TarInfo("a.csv")
    member.size = len(content)
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def with_password(archive: bytes) -> bytes:
    """An archive whose headers say that its file is encrypted."""
    local, central = archive.index(b"PK\x03\x04"), archive.index(b"PK\x01\x02")
    changed = bytearray(archive)
    changed[local + 6] |= 1
    changed[central + 8] |= 1
    return bytes(changed)


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (b"<!DOCTYPE html><html><body>Not found</body></html>", ("is a web page", "the page leads to")),
        (b"\xef\xbb\xbf\n  <html lang='de'>\n", ("is a web page",)),
        (b"<HEAD><title>Log in</title>", ("is a web page",)),
        (zipped(CSV, "[Content_Types].xml", "xl/workbook.xml"), ("is a workbook", "save the sheet as CSV")),
        (zipped(CSV, "a.csv", "b.csv"), ("holds 2 files (a.csv, b.csv)", "unpack it")),
        (zipped(CSV), ("holds no files",)),
        (with_password(zipped(CSV, "a.csv")), ("cannot read", "password")),
        (b"PK\x03\x04 and no more", ("cannot read", "whole file")),
        (b"\x1f\x8b and no more", ("cannot read", "whole file")),
        (b"\x28\xb5\x2f\xfd and no more", ("cannot read", "whole file")),
        (b"\xfd7zXZ\0 and no more", ("cannot read", "whole file")),
        (gzip.compress(CSV)[:-9], ("cannot read",)),
        (gzip.compress(b"<!doctype html>"), ("is a web page",)),
        (tar_of(CSV), ("is an archive", "unpack it")),
        (gzip.compress(tar_of(CSV)), ("is an archive", "a folder of .txt files")),
        (b"%PDF-1.7\n", ("is a PDF document", "as CSV")),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", ("is an Office document", "save the sheet as CSV")),
        (b"SQLite format 3\0", ("is a database",)),
        (b"ARROW1\0\0", ("is an Arrow file", "write it as Parquet")),
    ],
    ids=lambda value: type(value).__name__,  # packed bytes hold the time at which they were made
)
def test_what_is_no_file_of_texts(tmp_path: Path, content: bytes, fragments: tuple[str, ...]) -> None:
    make_from_file(tmp_path, "mine", content).assert_refused("dataset.file.path: ", "mine", *fragments)


@pytest.mark.parametrize("names", [["a.csv"], ["deep/er/a.csv"], ["__MACOSX/._a.csv", ".DS_Store", "a.csv"]])
def test_one_file_in_an_archive(tmp_path: Path, names: list[str]) -> None:
    assert pairs(make_from_file(tmp_path, "mine.zip", zipped(CSV, *names))) == WANTED


@pytest.mark.parametrize("name", ["mine.csv", "mine.gz", "mine.csv.bz2", "mine"])
def test_bytes_tell_the_packing_and_not_the_name(tmp_path: Path, name: str) -> None:
    assert pairs(make_from_file(tmp_path, name, gzip.compress(CSV))) == WANTED


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    make_from_file(tmp_path, "loop.csv", None).assert_refused("dataset.file.path", "loop.csv")


@pytest.mark.parametrize("outer", [".gz", ".bz2", ".xz", ".zst", ".zip"])
@pytest.mark.parametrize("inner", [".gz", ".xz", ".zst", ".zip"])
def test_what_is_packed_twice_is_refused_and_unpacked_once_is_read(
    tmp_path: Path, outer: str, inner: str
) -> None:
    once = PACKERS[inner](as_csv(TICKETS))
    make_from_file(tmp_path, f"mine{outer}", PACKERS[outer](once)).assert_refused(
        f"mine{outer} is packed twice; unpack it once and name what is in it"
    )
    assert len(pairs(make_from_file(tmp_path, f"mine{inner}", once))) == len(TICKETS)
