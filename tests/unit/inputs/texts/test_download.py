import fcntl
import hashlib
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.data_helpers import ENVIRONMENT, Site, call_make_dataset, command_line, make_dataset, serving
from support.imdb_archive import archive, assert_complete, run

from batchscope.inputs.texts import download

PART = Path("downloads/archive.tar.gz.part")


@pytest.fixture(autouse=True)
def _waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs in this process does not wait long between two attempts."""
    monkeypatch.setattr(download, "LONGEST_WAIT_S", 0.01)


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
def test_a_download_starts_over_when_it_cannot_go_on(tmp_path: Path, site: Site, why: str) -> None:
    with serving(site):
        assert_complete(run(tmp_path, site))
    assert site.sent == len(site.content) + 20_000, why


def test_a_range_that_starts_elsewhere_is_not_glued_on(tmp_path: Path) -> None:
    with serving(Site(archive(), range_too_early=7, cut_after=[20_000])) as site:
        assert_complete(outcome := run(tmp_path, site))
    assert [request.get("Range") for request in site.requests] == [None, "bytes=20000-", None]
    assert "another range than the one asked for" in outcome.stderr


def test_a_body_without_a_length_is_not_taken_for_whole(tmp_path: Path) -> None:
    with serving(Site(archive(), chunked=True, cut_after=[20_000])) as site:
        assert_complete(run(tmp_path, site))
    assert site.requests[1]["Range"] == "bytes=20000-"
    assert site.sent == len(site.content)


def test_a_file_that_is_called_packed_reaches_the_disk_as_it_is(tmp_path: Path) -> None:
    with serving(Site(archive(), encoding="gzip")) as site:
        assert_complete(run(tmp_path, site))
    assert (tmp_path / "downloads/archive.tar.gz").read_bytes() == site.content


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


def test_retries_are_announced_and_wait_longer_until_something_arrives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "LONGEST_WAIT_S", 3)
    slept: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", slept.append)
    with serving(Site(archive(), cut_after=[20_000, 0, 0, 10_000])) as site:
        assert_complete(outcome := run(tmp_path, site))
    assert slept == [1, 2, 3, 1]
    assert f"{site.url}: the connection was cut after 20,000 bytes" in outcome.stderr
    assert outcome.stderr.count("trying again in 3 s") == 1


@pytest.mark.parametrize(("status", "attempts"), [(503, 3), (429, 3), (403, 1), (410, 1)])
def test_only_what_may_pass_is_tried_again(tmp_path: Path, status: int, attempts: int) -> None:
    with serving(Site(b"not now", status=status)) as site:
        run(tmp_path, site).assert_refused("dataset.imdb.url", site.url, str(status), "put it at")
    assert len(site.requests) == attempts


def test_progress_is_told_in_lines_where_there_is_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(download, "LOG_INTERVAL_S", 1e-9)
    with serving(Site(bytes(1_500_000))) as site:
        download.download(site.url, tmp_path / "zeros", key="dataset.csv.path", by_hand="set it")
    assert (tmp_path / "zeros").read_bytes() == site.content
    lines = [line.strip() for line in capsys.readouterr().err.splitlines() if line.strip()]
    assert lines[-1] == "archive.tar.gz: 1.50MB of 1.50MB"
    assert len(lines) > 2
    assert all(line.startswith("archive.tar.gz: ") for line in lines)


PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head></html>"
ANSWERS = {
    "page": (PAGE, "a web page"),
    "page after a mark": (b"\xef\xbb\xbf\r\n<HTML lang=de>" + b"x" * 9000, "a web page"),
    "error of a store": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "an XML document"),
    "pointer": (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "Git LFS"),
}


@pytest.mark.parametrize(("answer", "what"), ANSWERS.values(), ids=ANSWERS)
def test_an_answer_in_the_place_of_an_archive_is_not_kept(tmp_path: Path, answer: bytes, what: str) -> None:
    with serving(Site(answer)) as site:
        md5 = hashlib.md5(archive(), usedforsecurity=False).hexdigest()
        run(tmp_path, site, md5=md5).assert_refused("dataset.imdb.url", site.url, what, "the file itself")
        assert list((tmp_path / "downloads").iterdir()) == []
        site.content, site.etag = archive(), '"v2"'
        assert_complete(run(tmp_path, site))  # the server works again


def test_an_answer_that_an_earlier_version_kept_is_fetched_again(tmp_path: Path) -> None:
    kept = tmp_path / "downloads" / "archive.tar.gz"
    kept.parent.mkdir()
    kept.write_bytes(PAGE)
    with serving(Site(archive())) as site:
        assert_complete(run(tmp_path, site))
    assert kept.read_bytes() == site.content


def test_a_page_that_was_cut_is_no_beginning_of_the_file(tmp_path: Path) -> None:
    with serving(Site(PAGE * 50, cut_after=[900, 0, 0])) as site:
        run(tmp_path, site, md5="0" * 32).assert_refused("was cut after 900 bytes")
        site.content, site.etag = archive(), '"v2"'
        assert_complete(run(tmp_path, site))


@pytest.mark.parametrize("etag", ['"v2"', '"v3"', '"archive-of-today"'])
def test_the_rest_of_another_version_is_not_glued_on(tmp_path: Path, etag: str) -> None:
    """A server that knows ranges and not If-Range."""
    (tmp_path / "downloads").mkdir()
    (tmp_path / PART).write_bytes(b"old" * 1000)
    (tmp_path / f"{PART}.version").write_text('"v1"')
    with serving(Site(archive(), etag=etag, heeds_if_range=False)) as site:
        assert_complete(outcome := run(tmp_path, site))
    assert "has changed" in outcome.stderr
    assert [request.get("Range") for request in site.requests] == ["bytes=3000-", None]


@pytest.mark.parametrize("url", ["http://[::1/x", "http://me:secret@[::1/x", "https://"])
def test_an_address_that_is_none(tmp_path: Path, url: str) -> None:
    outcome = make_dataset(tmp_path, source="imdb", imdb={"url": url})
    outcome.assert_refused("dataset.imdb.url")
    assert "secret" not in outcome.stderr


@pytest.mark.parametrize("place", ["downloads", "downloads/archive.tar.gz.part"])
def test_something_else_where_the_download_goes(tmp_path: Path, place: str) -> None:
    path = tmp_path / place
    path.parent.mkdir(exist_ok=True)
    if place == "downloads":
        path.write_text("a file")
    else:
        path.mkdir()
    with serving(Site(archive())) as site:
        run(tmp_path, site).assert_refused("dataset.imdb.url", "archive.tar.gz.part")


def test_two_processes_do_not_write_one_file(tmp_path: Path) -> None:
    (tmp_path / "downloads").mkdir()
    with (tmp_path / PART).open("ab") as part, serving(Site(archive())) as site:
        fcntl.flock(part, fcntl.LOCK_EX)
        run(tmp_path, site).assert_refused("dataset.imdb.url", "another process", "wait for it to end")
        assert site.requests == []


def test_a_full_disk(tmp_path: Path) -> None:
    # A limit on file size is the nearest to a full disk that a test can have.
    with serving(Site(archive())) as site:
        outcome = run(tmp_path, site, call=call_make_dataset, largest_file=9000)
        outcome.assert_refused("dataset.imdb.url", "cannot write", "make room", "goes on where it stopped")
        assert_complete(run(tmp_path, site))
    assert site.requests[-1]["Range"] == "bytes=9000-"
