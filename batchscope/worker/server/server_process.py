"""One ``vllm serve`` on this machine's loopback: its start, its health, its end."""

import contextlib
import json
import os
import resource
import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from batchscope.worker.server.command_line_flags import flags
from batchscope.worker.server.http_middleware import COUNTED, MIDDLEWARE, RESET, RESOLVED, VARIABLE
from batchscope.worker.server.vllm_command import Copy, start
from batchscope.worker.telemetry.sparse_layers import Counts, is_wanted
from batchscope.worker.telemetry.steps import SCHEDULER
from batchscope.worker.telemetry.worker_extension import EXTENSION

LOOPBACK = "127.0.0.1"
TOLD_EVERY_S = 10.0
ANSWER_S = 30.0
"""Time limit in seconds for a small request: longer only if the server hangs."""

GRACE_S = 5.0
"""Seconds that the server gets to end by itself."""

REFUSALS = (401, 403, 404)
"""Answers of a server that would be the same at every further request."""

_DIRECTLY = build_opener(ProxyHandler({}))


class PortTakenError(RuntimeError):
    """Another program listens on the port that the configuration asks for."""


class PrefixCacheNotResetError(RuntimeError):
    """VLLM would not clear the prefix cache."""


class ServerEndedError(RuntimeError):
    """The server ended while it started."""


class ServerRefusesError(RuntimeError):
    """The server answers, but not us."""


class ProgressLines:
    """Writes lines of progress to the log, and to a file that the job which waits for the start reads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, text: str) -> None:
        """Write one line."""
        print(text, flush=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(text + "\n")


class Server:
    """A running ``vllm serve``, and how to talk to it."""

    def __init__(self, process: subprocess.Popen[bytes] | Copy, port: int, name: str, token: str) -> None:
        self.process = process
        self.url = f"http://{LOOPBACK}:{port}"
        self.name = name
        """name of its model in requests; a new one for each server, so that no other can answer for it"""
        self.token = token
        self.started = time.monotonic()
        self.start_seconds = 0.0

    def ask(self, path: str) -> Any:
        """The JSON answer of an endpoint.

        Raises:
            OSError: there is no answer, or it is an error.
        """
        request = Request(self.url + path, headers={"Authorization": f"Bearer {self.token}"})  # noqa: S310
        with _DIRECTLY.open(request, timeout=ANSWER_S) as answer:
            return json.load(answer)

    def wait_until_ready(self, tell: Callable[[str], None]) -> None:
        """Return when the server answers, as long as that takes.

        Raises:
            ServerEndedError: it has ended; its log says why.
            ServerRefusesError: it will never answer us.
        """
        told = self.started
        while not self._is_ready():
            if self.process.poll() is not None:
                raise ServerEndedError(f"vllm serve ended with exit status {self.process.returncode}")
            if time.monotonic() - told > TOLD_EVERY_S:
                told = time.monotonic()
                tell(f"the server starts: {told - self.started:.0f} s")
            time.sleep(0.2)
        self.start_seconds = time.monotonic() - self.started
        tell(f"the server is ready after {self.start_seconds:.1f} s, at {self.url}")

    def _is_ready(self) -> bool:
        try:
            models = self.ask("/v1/models")
        except HTTPError as error:
            if error.code in REFUSALS:
                raise ServerRefusesError(
                    f"vllm serve answers our requests with {error.code} {error.reason}: take what guards or "
                    "moves it (api_key, root_path and the like) out of engine.args.extra and engine.variables"
                ) from None
            return False
        except (OSError, ValueError):
            return False
        return any(model["id"] == self.name for model in models["data"])

    def reset_prefix_cache(self) -> None:
        """Empty the prefix cache; blocks may be held for a moment after the last request.

        Raises:
            PrefixCacheNotResetError: the server would not, so the next load could be served from it.
        """
        deadline = time.monotonic() + ANSWER_S
        while not self.ask(RESET):
            if time.monotonic() > deadline:
                raise PrefixCacheNotResetError("vLLM did not reset the prefix cache: requests still run")
            time.sleep(0.1)

    def resolved_arguments(self) -> dict[str, Any]:
        """The settings in force, as `batchscope.worker.engine.start` has them for an offline engine."""
        found: dict[str, Any] = self.ask(RESOLVED)
        return found

    def sparse_layers(self) -> Counts:
        """How many layers have 2:4 kernels; asked of servers alone whose model is to run through them."""
        found: Counts = self.ask(COUNTED)
        return found


@contextlib.contextmanager
def running_server(host: dict[str, Any], tell: Callable[[str], None]) -> Iterator[Server]:
    """Start a server, and end it when the block is left. It is not ready yet: see `Server.wait_until_ready`.

    Raises:
        PortTakenError: the port that the configuration asks for is taken.
    """
    port, token = usable_port(host["server"]["port"]), secrets.token_hex(16)
    name = f"batchscope-{secrets.token_hex(4)}"
    asset = host["asset"]
    ours = {"scheduler_cls": SCHEDULER, "load_format": asset["load_format"]}
    if is_wanted(asset):
        ours["worker_extension_cls"] = EXTENSION
    arguments = [
        "serve", host["model"],
        "--host", LOOPBACK, "--port", str(port), "--served-model-name", name,
        "--middleware", MIDDLEWARE, "--uvicorn-log-level", "warning",
        *flags(ours | ({"trust_remote_code": True} if asset["trust_remote_code"] else {}) | host["args"]),
    ]  # fmt: skip
    _allow_connections()
    # With a key of its own vLLM would answer nobody here. Strangers are kept out by our token.
    variables = {name: value for name, value in os.environ.items() if name != "VLLM_API_KEY"}
    process = start(arguments, {**variables, VARIABLE: token})
    tell(f"vllm serve starts on {LOOPBACK}:{port}")
    try:
        yield Server(process, port, name, token)
    finally:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(GRACE_S)
        process.kill()


def usable_port(asked: int | None) -> int:
    """The port asked for, or a free one.

    Raises:
        PortTakenError: another program has it.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        try:
            probe.bind((LOOPBACK, asked or 0))
        except OSError as error:
            raise PortTakenError(
                f"port {asked} on {LOOPBACK}: {error.strerror}; free it, or set serving.port: null for any "
                "that is free"
            ) from None
        port: int = probe.getsockname()[1]
    return port


def _allow_connections() -> None:
    """Raise the limit of open files as far as the system allows: each request under way is a connection."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
