"""The dataset script, in process or as one, and a local web server that can cut connections."""

import io
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import chdir, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from unittest.mock import patch

from support.http_site import running

from batchscope.common.errors import run_script
from scripts.make_dataset import main

ROOT = Path(__file__).resolve().parents[2]
EARLIER = "an earlier dataset\n"
GOOD_CSV = b"review,sentiment\nA fine film.,positive\nA poor film.,negative\n"
CHUNK = 5000  # bytes in one piece of a body without a length
NO_PROXY = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
ENVIRONMENT = os.environ | {"PYTHONPATH": str(ROOT)} | NO_PROXY


@dataclass(frozen=True)
class Outcome:
    """How one call of ``make_dataset.py`` in a folder of its own ended."""

    folder: Path
    returncode: int
    stdout: str
    stderr: str

    @property
    def texts_csv(self) -> Path:
        return self.folder / "texts.csv"

    @property
    def summary(self) -> dict[str, Any]:
        return json.loads((self.folder / "summary.json").read_text())

    def assert_refused(self, *fragments: str) -> None:
        """Status 1, one message that holds the fragments, and the earlier dataset where it was."""
        assert self.returncode == 1, self.stderr
        assert "Traceback" not in self.stderr
        for fragment in fragments:
            assert fragment in self.stderr
        assert self.texts_csv.read_text() == EARLIER
        assert not list(self.folder.glob(".*.tmp"))


def command_line(task: Mapping[str, Any] | None = None, **dataset: Any) -> list[str]:
    """The script's command line for a dataset block and a task; it writes to the working directory."""
    command = [sys.executable, str(ROOT / "scripts/make_dataset.py"), "--config", json.dumps(dataset)]
    command += [] if task is None else ["--task", json.dumps(task)]
    return [*command, "--texts", "texts.csv", "--summary", "summary.json", "--downloads", "downloads"]


def make_dataset(folder: Path, **dataset: Any) -> Outcome:
    """Run the script's code in ``folder``, in this process, over an earlier dataset there."""
    (folder / "texts.csv").write_text(EARLIER)
    status = 0
    with (
        chdir(folder),
        patch.dict(os.environ, NO_PROXY),
        patch.object(sys, "argv", command_line(**dataset)[1:]),
        redirect_stdout(io.StringIO()) as stdout,
        redirect_stderr(io.StringIO()) as stderr,
    ):
        try:
            run_script(main)
        except SystemExit as end:
            status = end.code
    return Outcome(folder, status, stdout.getvalue(), stderr.getvalue())


def call_make_dataset(folder: Path, largest_file: int | None = None, **dataset: Any) -> Outcome:
    """The same as a process of its own, in which no file may pass ``largest_file`` bytes."""

    def limit() -> None:
        if largest_file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    (folder / "texts.csv").write_text(EARLIER)
    done = subprocess.run(
        command_line(**dataset),
        cwd=folder,
        env=ENVIRONMENT,
        preexec_fn=limit,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Outcome(folder, done.returncode, done.stdout, done.stderr)


def make_from_csv(
    folder: Path,
    content: bytes | None,
    call: Callable[..., Outcome] = make_dataset,
    deduplicate: bool = False,
    **keys: Any,
) -> Outcome:
    """A dataset from a CSV file with this content, in its order; at ``csv.path`` unless ``keys`` say otherwise."""
    if content is not None:
        (folder / "in.csv").write_bytes(content)
    block = {"path": "in.csv"} | keys
    return call(folder, source="csv", select="first", deduplicate=deduplicate, csv=block)


@dataclass
class Site:
    """One file on a web server, and how the server behaves."""

    content: bytes
    etag: str = '"v1"'
    ranges: bool = True
    heeds_if_range: bool = True
    range_too_early: int = 0  # bytes before the start that was asked for
    status: int = 200
    chunked: bool = False  # in pieces, without a Content-Length
    encoding: str = ""  # what the server says that the file is packed with
    cut_after: list[int] = field(default_factory=list)  # bytes of a body before the cut, one entry a request
    requests: list[dict[str, str]] = field(default_factory=list)
    sent: int = 0
    url: str = ""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve the file on 127.0.0.1 under ``site.url``; every request is noted in ``site.requests``."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1" if site.chunked else "HTTP/1.0"

        def do_GET(self) -> None:
            site.requests.append(dict(self.headers))
            body, start = site.content, 0
            asked = self.headers.get("Range", "")
            same = self.headers.get("If-Range") == site.etag or not site.heeds_if_range
            if asked and site.ranges and same:
                start = int(asked.removeprefix("bytes=").removesuffix("-")) - site.range_too_early
            if start > len(body) - 1 and start:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(body)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if start else site.status)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            if site.etag:
                self.send_header("ETag", site.etag)
            if site.encoding:
                self.send_header("Content-Encoding", site.encoding)
            if site.chunked:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            self.send(body[start:])
            self.close_connection = True

        def send(self, rest: bytes) -> None:
            piece = rest[: site.cut_after.pop(0)] if site.cut_after else rest
            if not site.chunked:
                self.wfile.write(piece)
            else:
                for at in range(0, len(piece), CHUNK):
                    chunk = piece[at : at + CHUNK]
                    self.wfile.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
                self.wfile.write(b"0\r\n\r\n" if len(piece) == len(rest) else b"")
            site.sent += len(piece)

        def log_message(self, *_: object) -> None:
            pass

    with running(Handler) as address:
        site.url = f"{address}/files/archive.tar.gz"
        yield site
