"""Download one file over HTTP(S): resumed after a cut, checked for its length, in place only when whole."""

import fcntl
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal
from urllib.parse import urlsplit, urlunsplit

import requests
import urllib3
from tenacity import RetryCallState, Retrying, retry_if_exception_type
from tqdm import tqdm

from batchscope.common.errors import UserError

TIMEOUT_S = (10, 60)  # to connect, and between two pieces of the body
FRUITLESS_ATTEMPTS = 3  # attempts in a row that brought nothing new
LONGEST_WAIT_S = 30
PIECE = 1 << 18  # bytes
TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})


class _CutError(Exception):
    """This attempt ended early; another one may go on from there."""


class _RefusedError(Exception):
    """Trying again is of no use."""


def download(url: str, path: Path, *, key: str, by_hand: str) -> None:
    """Fetch ``url`` into ``path``, unless that file is there already.

    What has arrived so far lies in ``<path>.part``, also after Ctrl-C. A later call goes on from there if the
    server takes byte ranges and still has the same version (``If-Range``), and starts anew otherwise. A cut
    connection is taken up again until three attempts in a row bring nothing. Progress goes to stderr.

    Args:
        url: An http or https address.
        path: Where the whole file goes; its folder is made.
        key: The configuration key of the address, for messages.
        by_hand: For messages: what to do with a file that was fetched by other means.

    Raises:
        UserError: the server refuses, cannot be reached, or the disk is full.
    """
    if path.exists():
        return
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("ab") as file:
            if not _lock(file):
                raise UserError(f"{key}: another process is downloading {path}; wait for it to end")
            if path.exists():
                return
            _fetch(_Transfer(url, file, part.with_name(f"{part.name}.version")))
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
    part.with_name(f"{part.name}.version").unlink(missing_ok=True)


def shown(url: str) -> str:
    """An address as messages and results may show it: without user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


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
            self._request()
        except _CutError:
            self.fruitless = 0 if self.file.tell() > before else self.fruitless + 1
            raise

    def _request(self) -> None:
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
        start, total = _content_range(response)
        if response.status_code == 206 and start == have:
            return True
        if response.status_code == 416 and have and total == have:
            return False
        if response.status_code in (200, 206, 416):
            self._start_anew(response.headers if response.status_code == 200 else {})
            if response.status_code != 200:
                raise _CutError("the server sent another range than the one asked for")
            return True
        problem = f"{response.status_code} {response.reason}"
        raise _CutError(problem) if response.status_code in TRANSIENT else _RefusedError(problem)

    def _start_anew(self, headers: "requests.structures.CaseInsensitiveDict[str] | dict[str, str]") -> None:
        self.file.truncate(0)
        self.file.seek(0)
        etag = headers.get("ETag", "")
        # A weak ETag does not promise equal bytes, so If-Range must not name it.
        version = etag if etag.startswith('"') else headers.get("Last-Modified", "")
        self.version_file.write_text(version)

    def _receive(self, response: requests.Response) -> None:
        length = response.headers.get("Content-Length", "")
        total = self.file.tell() + int(length) if length.isdigit() else None
        name = Path(urlsplit(self.url).path).name
        for piece in _with_progress(response, name, self.file.tell(), total):
            self.file.write(piece)
        self.file.flush()
        if total is not None and self.file.tell() != total:
            raise _CutError(f"the connection was cut after {self.file.tell():,} of {total:,} bytes")


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


def _with_progress(response: requests.Response, name: str, start: int, total: int | None) -> Iterator[bytes]:
    """The pieces of a body, with a bar on a terminal and a line per tenth elsewhere."""
    step = max(PIECE, (total or 100 << 20) // 10)
    with tqdm(
        desc=name, initial=start, total=total, unit="B", unit_scale=True, disable=None, file=sys.stderr
    ) as bar:
        arrived, announced = start, start
        # raw: some servers label a .gz file as a content encoding; it must reach the disk as it is.
        for piece in response.raw.stream(PIECE, decode_content=False):
            yield piece
            arrived += len(piece)
            bar.update(len(piece))
            if bar.disable and arrived - announced >= step:
                announced = arrived
                print(f"{name}: {_megabytes(arrived)} of {_megabytes(total)}", file=sys.stderr)


def _content_range(response: requests.Response) -> tuple[int | None, int | None]:
    """Start and total of a ``Content-Range`` such as ``bytes 5-9/10`` or ``bytes */10``."""
    span, _, total = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    start = span.partition("-")[0]
    return int(start) if start.isdigit() else None, int(total) if total.isdigit() else None


def _lock(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _cause(error: Exception) -> str:
    """The innermost reason of a network error: the outer ones only repeat the address."""
    inner: object = error
    while isinstance(inner, Exception) and (
        deeper := getattr(inner, "reason", None) or next(iter(inner.args), None)
    ):
        if not isinstance(deeper, Exception):
            break
        inner = deeper
    return (
        str(inner).rpartition(": ")[2]
        if isinstance(inner, urllib3.exceptions.NewConnectionError)
        else str(inner)
    )


def _megabytes(count: int | None) -> str:
    return "an unknown size" if count is None else f"{count / 1e6:.1f} MB"
