"""Download one file over HTTP(S): resumed after a cut, checked for its length, in place only when whole."""

import fcntl
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal

import requests
import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tqdm import tqdm

from batchscope.common.errors import UserError
from batchscope.inputs.texts.files.urls import parts, shown

TIMEOUT_S = (10, 60)  # to connect, and between two pieces of the body
FRUITLESS_ATTEMPTS = 3  # attempts in a row that brought nothing new
LONGEST_WAIT_S = 30
PIECE = 1 << 18  # bytes
LOOKED_AT = 4096  # bytes from the start of a file
LOG_INTERVAL_S = 10  # between two lines of progress where there is no terminal
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class _CutError(Exception):
    """This attempt ended early; another one may go on from there."""


class _RefusedError(Exception):
    """Trying again is of no use."""


def download(url: str, path: Path, *, key: str, by_hand: str) -> None:
    """Fetch ``url`` into ``path``, unless that file is there already and is no answer in its place.

    What has arrived so far lies in ``<path>.part``, also after Ctrl-C. A later call goes on from there if the
    server takes byte ranges and still has the same version (``If-Range``), and starts over otherwise. A cut
    connection is taken up again until three attempts in a row bring nothing. Progress goes to stderr.

    Args:
        url: An http or https address.
        path: Where the whole file goes; its folder is made.
        key: The configuration key of the address, for messages.
        by_hand: For messages: what to do with a file that was fetched by other means.

    Raises:
        UserError: the server refuses, cannot be reached, answers with something else than the file, or the
            disk is full.
    """
    if path.exists() and stands_for_a_file(path) is None:
        return
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as file:
            if not _lock(file):
                raise UserError(f"{key}: another process is downloading {path}; wait for it to end")
            if path.exists() and stands_for_a_file(path) is None:
                return
            _fetch(_Transfer(url, file, _version_file(part)))
            _refuse_answers(part, path)
            part.replace(path)
    except (_CutError, _RefusedError) as error:
        raise UserError(
            f"{key}: cannot download {shown(url)}: {error}; check the address and the network, or "
            f"download it by hand and {by_hand}"
        ) from None
    except OSError as error:
        raise UserError(
            f"{key}: cannot write {part}: {error.strerror}; make room in {path.parent} and start again, the "
            "download goes on where it stopped"
        ) from None
    _version_file(part).unlink(missing_ok=True)


ANSWERS = {
    b"<!doctype html": "a web page",
    b"<html": "a web page",
    b"<head": "a web page",
    b"<?xml": "an XML document",
    b"<error>": "an error in XML",
    b"version https://git-lfs.github.com/spec/": "a pointer of Git LFS (name the address of the content)",
}
"""What servers answer with status 200 in the place of a file, by its beginning in small letters."""


def _refuse_answers(part: Path, path: Path) -> None:
    """Keep no answer that stands for the file, neither one that came just now nor one from before."""
    if (found := stands_for_a_file(part)) is not None:
        for each in (part, _version_file(part), path):
            each.unlink(missing_ok=True)
        raise _RefusedError(f"the answer is {found}, not the file itself (nothing of it is kept)")


def _version_file(part: Path) -> Path:
    return part.with_name(f"{part.name}.version")


def stands_for_a_file(path: Path) -> str | None:
    """What a server sent instead of a file, such as the page of its login; None: it may be the file.

    Raises:
        OSError: it cannot be read.
    """
    if path.is_dir():
        return None
    with path.open("rb") as file:
        start = file.read(LOOKED_AT).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return next((what for beginning, what in ANSWERS.items() if start.startswith(beginning)), None)


def file_digest(path: Path, algorithm: Literal["md5", "sha256"]) -> str:
    """A file's checksum in hexadecimal.

    Raises:
        UserError: the file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(
                file, lambda: hashlib.new(algorithm, usedforsecurity=False)
            ).hexdigest()
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}; check its permissions") from None


@dataclass
class _Transfer:
    """One file on its way; ``version_file`` holds the ETag or date of the version that is arriving."""

    url: str
    file: BinaryIO
    version_file: Path
    fruitless: int = 0

    def attempt(self) -> None:
        """Ask for what is missing and write it down.

        Raises:
            _CutError: the body is not whole yet.
            _RefusedError: the server does not have the file for us.
        """
        before = self.file.tell()
        try:
            with requests.get(self.url, headers=self._headers(), stream=True, timeout=TIMEOUT_S) as response:
                if self._accept(response):
                    self._receive(response)
        except (requests.ConnectionError, requests.Timeout) as error:
            raise _CutError(_cause(error)) from None
        except (requests.RequestException, urllib3.exceptions.LocationParseError) as error:
            raise _RefusedError(str(error).replace(self.url, shown(self.url))) from None
        except urllib3.exceptions.HTTPError as error:
            raise _CutError(
                f"the connection was cut after {self.file.tell():,} bytes ({_cause(error)})"
            ) from None
        finally:
            self.fruitless = 0 if self.file.tell() > before else self.fruitless + 1

    def _headers(self) -> dict[str, str]:
        # identity: ranges and lengths then count the bytes of the file itself.
        headers = {"Accept-Encoding": "identity"}
        version = self.version_file.read_text() if self.version_file.exists() else ""
        if version and self.file.tell():
            headers |= {"Range": f"bytes={self.file.tell()}-", "If-Range": version}
        return headers

    def _accept(self, response: requests.Response) -> bool:
        """Make the file ready for the body; false if the file is whole already."""
        have = self.file.tell()
        content_range = response.headers.get("Content-Range", "")  # as in bytes 5-9/10 or bytes */10
        problem = f"{response.status_code} {response.reason}"
        match response.status_code:
            case 206 if self._is_another(response.headers):
                self._start_over({})
                raise _CutError("the file on the server has changed")
            case 206 if content_range.startswith(f"bytes {have}-"):
                return True
            case 416 if have and content_range == f"bytes */{have}":
                return False
            case 200:
                self._start_over(response.headers)
                return True
            case 206 | 416:
                self._start_over({})
                raise _CutError("the server sent another range than the one asked for")
            case code if code in TRANSIENT:
                raise _CutError(problem)
        raise _RefusedError(problem)

    def _is_another(self, headers: Mapping[str, str]) -> bool:
        """Whether a server that takes no If-Range sends the rest of another version than the one begun."""
        begun, now = self.version_file.read_text(), _version(headers)
        return bool(now) and now != begun

    def _start_over(self, headers: Mapping[str, str]) -> None:
        self.file.truncate(0)
        self.file.seek(0)
        self.version_file.write_text(_version(headers))

    def _receive(self, response: requests.Response) -> None:
        """Append the body to the file; urllib3 itself compares its length with ``Content-Length``."""
        have = self.file.tell()
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdigit() else None
        name = Path(parts(self.url).path).name
        style = _progress_style()
        with tqdm(desc=name, initial=have, total=total, unit="B", unit_scale=True, **style) as bar:
            # raw: some servers label a .gz file as a content encoding; it must reach the disk as it is.
            for piece in response.raw.stream(PIECE, decode_content=False):
                self.file.write(piece)
                bar.update(len(piece))
        self.file.flush()


def _version(headers: Mapping[str, str]) -> str:
    """What tells one version of a file from another, as If-Range takes it; empty where nothing does."""
    etag = headers.get("ETag", "")
    # A weak ETag does not promise equal bytes, so If-Range must not name it.
    return etag if etag.startswith('"') else headers.get("Last-Modified", "")


def _fetch(transfer: _Transfer) -> None:
    def wait(_: RetryCallState) -> float:
        return min(LONGEST_WAIT_S, 2.0**transfer.fruitless)

    def announce(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        print(f"{shown(transfer.url)}: {error}; trying again in {wait(state):.0f} s", file=sys.stderr)

    Retrying(
        retry=retry_if_exception_type(_CutError),
        stop=lambda _: transfer.fruitless >= FRUITLESS_ATTEMPTS,
        wait=wait,
        before_sleep=announce,
        reraise=True,
    )(transfer.attempt)


def _progress_style() -> dict[str, Any]:
    """A bar on a terminal; elsewhere, where a bar fills the log, a line now and then."""
    lines = {
        "bar_format": "{desc}: {n_fmt}B of {total_fmt}B\n",
        "mininterval": LOG_INTERVAL_S,
        "delay": LOG_INTERVAL_S,
    }
    return {"file": sys.stderr} | ({} if sys.stderr.isatty() else lines)


def _lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _cause(error: BaseException) -> str:
    """What went wrong first, such as ``[Errno 111] Connection refused``: later errors repeat the address."""
    while deeper := error.__cause__ or error.__context__:
        error = deeper
    return str(error)
