"""What comes out of a packed file is limited to what there is room for, whatever the file says of itself."""

import bz2
import io
import zipfile
from pathlib import Path

import pytest
from support.imdb_archive import TEXTS, archive
from support.text_files import PACKERS, TICKETS, as_csv, as_parquet, make_from_file, zipped

from batchscope.common.errors import UserError
from batchscope.inputs.texts.files.opening import unpacked
from batchscope.inputs.texts.files.read import read_table
from batchscope.inputs.texts.files.table import Request
from batchscope.inputs.texts.imdb import read_archive
from batchscope.inputs.texts.room import Room, TooLargeError, room_here, shown_size

CSV = as_csv(TICKETS)
MEGABYTE = Room(1_000_000, "the disk of /data")
TERABYTE = 1 << 40


def test_this_machine_has_less_room_than_disk_and_memory(tmp_path: Path) -> None:
    room = room_here(tmp_path)
    room.check(tmp_path, room.size)
    with pytest.raises(TooLargeError, match=rf"and {room.place} has .* free; make room, or name a smaller"):
        room.check(tmp_path, room.size + 1)


@pytest.mark.parametrize(
    ("size", "words"), [(0, "0 bytes"), (1_500, "1.5 kB"), (2_000_000, "2.0 MB"), (TERABYTE, "1,099.5 GB")]
)
def test_sizes_are_easy_to_read(size: int, words: str) -> None:
    assert shown_size(size) == words


@pytest.mark.parametrize("ending", list(filter(None, PACKERS)))
def test_reading_ends_where_there_is_no_more_room(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"mine.csv{ending}"
    path.write_bytes(PACKERS[ending](CSV + b" " * 2_000_000))
    with (
        pytest.raises(
            UserError, match=r"dataset\.file\.path: .* unpacks to (more than )?\S+ MB, and the disk of"
        ),
        unpacked(path, Request("dataset.file"), MEGABYTE) as content,
    ):
        content.bytes.read()
    path.write_bytes(PACKERS[ending](CSV))
    with unpacked(path, Request("dataset.file"), MEGABYTE) as content:
        assert content.bytes.read() == CSV


def test_a_terabyte_in_a_file_that_does_not_say_so(tmp_path: Path) -> None:
    """Sixteen thousand times 64 MB of nothing: a megabyte that no disk holds."""
    path = tmp_path / "mine.csv.bz2"
    part = bz2.compress(bytes(1 << 26))
    path.write_bytes(part * (TERABYTE >> 26))
    assert path.stat().st_size < 2_000_000
    with (
        pytest.raises(UserError, match=r"mine\.csv\.bz2 of 1\.\d MB unpacks to more than 1\.0 MB"),
        unpacked(path, Request("dataset.file"), MEGABYTE) as content,
    ):
        content.bytes.read()


def test_an_archive_that_declares_a_terabyte_is_refused_by_this_machine(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("mine.csv", CSV)
        packed.infolist()[0].file_size = TERABYTE
    words = ("dataset.file.path: ", "unpacks to 1,099.5 GB", " free; make room, or name a smaller file")
    make_from_file(tmp_path, "mine.zip", buffer.getvalue()).assert_refused(*words)
    followed = make_from_file(tmp_path, "mine.zip", zipped(CSV, "mine.csv"))
    assert followed.returncode == 0, followed.stderr


def test_a_value_that_parquet_stores_once_counts_as_often_as_it_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "mine.parquet"
    path.write_bytes(as_parquet([{"text": "long " * 1000}] * 3000))
    assert path.stat().st_size < 100_000
    with pytest.raises(
        UserError, match=r"mine\.parquet of .* unpacks to .* MB, and the disk of /data has 1\.0 MB"
    ):
        read_table(path, Request("dataset.file"), MEGABYTE)
    assert len(read_table(path, Request("dataset.file")).rows) == 3000


def test_the_official_archive_s_kind_is_limited_too(tmp_path: Path) -> None:
    path = tmp_path / "archive.tar.gz"
    path.write_bytes(archive())
    assert len(read_archive(path, MEGABYTE)) == len(TEXTS)
    with pytest.raises(UserError, match=r"dataset\.imdb\.url: .* unpacks to .* kB, and the disk of"):
        read_archive(path, Room(50_000, "the disk of /data"))
    declares_little = path.read_bytes()[:-4] + (1000).to_bytes(4, "little")
    path.write_bytes(declares_little)
    with pytest.raises(UserError, match=r"unpacks to more than 50\.0 kB"):
        read_archive(path, Room(50_000, "the disk of /data"))
