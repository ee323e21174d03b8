"""A server on this machine that speaks the hub's protocol as far as listing and fetching files go."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from support.http_site import running


@dataclass
class Hub:
    """Repositories by id, each with its branches, each with its files; what is wanted is noted."""

    repositories: dict[str, dict[str, dict[str, bytes]]]
    error: tuple[int, str] | None = None
    message: str = "as asked"
    url: str = ""
    paths: list[str] = field(default_factory=list)

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a path."""
        self.paths.append(path)
        if self.error:
            return self.error[0], {"X-Error-Code": self.error[1], "X-Error-Message": self.message}, b"{}"
        what, name, branch, file = parts_of_path(path)
        branches = self.repositories.get(name)
        if branches is None:
            return 404, {"X-Error-Code": "RepoNotFound"}, b"{}"
        found = next((key for key in branches if branch in {key, commit_of(key)}), None)
        if found is None:
            return 404, {"X-Error-Code": "RevisionNotFound"}, b"{}"
        files = branches[found]
        if what != "resolve":
            return 200, {}, json.dumps(listing(what, name, found, files)).encode()
        etag = hashlib.sha256(files[file]).hexdigest()
        return 200, {"ETag": f'"{etag}"', "X-Repo-Commit": commit_of(found)}, files[file]

    @property
    def fetched(self) -> list[str]:
        """The files whose content was wanted."""
        asked = [parts_of_path(path) for path in self.paths]
        return sorted({file for what, _, _, file in asked if what == "resolve" and file})


def listing(what: str, name: str, branch: str, files: dict[str, bytes]) -> Any:
    """A repository, or its tree of files, as the hub describes it."""
    if what == "tree":
        return [
            {
                "type": "file",
                "path": path,
                "size": len(content),
                "oid": hashlib.sha256(content).hexdigest()[:40],
            }
            for path, content in files.items()
        ]
    return {"id": name, "sha": commit_of(branch), "siblings": [{"rfilename": path} for path in files]}


def commit_of(branch: str) -> str:
    """A branch's commit."""
    return hashlib.sha1(branch.encode(), usedforsecurity=False).hexdigest()


def parts_of_path(path: str) -> tuple[str, str, str, str]:
    """Revision, tree or resolve, the repository, the branch and the file of a path as the hub has them."""
    decoded = path.partition("?")[0].replace("%2F", "/").strip("/")
    for kind in ("api/datasets/", "api/models/"):
        if decoded.startswith(kind):
            rest = decoded.removeprefix(kind)
            what = "tree" if "/tree/" in rest else "revision"
            name, _, branch = rest.partition(f"/{what}/")
            return what, name, branch or "main", ""
    name, _, rest = decoded.removeprefix("datasets/").partition("/resolve/")
    branch, _, file = rest.partition("/")
    return "resolve", name, branch, file


@contextmanager
def serving(hub: Hub) -> Iterator[Hub]:
    """Serve the repositories under ``hub.url``."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = hub.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815, the server's own spelling

        def log_message(self, *_: object) -> None:
            pass

    with running(Handler) as hub.url:
        yield hub
