"""Engines that stay warm between runs: one start per engine configuration, one job per run.

A job asks for its engine by key. If an engine with that key is running, it is used. If not, idle engines of
this workflow that hold the device are ended, and a guardian process (`batchscope.jobs.engine_guardian`) is
started. It holds the device, starts the engine host, and ends it when this workflow's Snakemake is gone.

The state folder of this call (`batchscope.jobs.state_folder`) has, for each engine, ``KEY.json`` (the
guardian's process id and the socket), ``KEY.lock`` (held by the job that uses the engine), ``KEY.log`` (what
the engine says) and, of one that did not start, ``KEY.failed``: it is not started again in this call.
"""

import contextlib
import fcntl
import hashlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import psutil

from batchscope.common.atomic_files import read_json
from batchscope.common.errors import UserError
from batchscope.common.processes import gone
from batchscope.jobs.device_lock import device_is_free
from batchscope.jobs.engine_start import (
    EngineEndedError,
    EngineTimeOutError,
    StartLines,
    failure_before,
    remembered,
)
from batchscope.jobs.state_folder import connection_to
from batchscope.jobs.supervise import GRACE_S, snakemake_above

IDLE_S = 60.0
"""Seconds after which an unused engine ends: another workflow may be waiting for its device."""


@dataclass(frozen=True)
class EngineRequest:
    """All that an engine is started with; equal requests share one engine."""

    python: str
    device: str
    gpus: int
    model: str
    model_sha256: str
    asset: dict[str, Any]
    args: dict[str, Any]
    variables: dict[str, str]
    telemetry: bool
    inherited: dict[str, str] = field(default_factory=dict)
    """the caller's variables that change what an engine does (`batchscope.jobs.inherited_variables`)"""
    start: int = 1
    """number of the engine start: each is a process of its own, though all else is equal"""
    server: dict[str, Any] | None = None
    """for a server, its ``port`` (null: any free one); None for an offline engine"""

    @property
    def key(self) -> str:
        """Short hash of the request."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


class NotAcceptedError(ConnectionError):
    """The engine closed the connection before it accepted the job."""


@dataclass(frozen=True)
class Limits:
    """``seconds``: for the engine's start, and again for the run; ``keep``: it stays for the next run."""

    seconds: float
    keep: bool
    key: str = "measure.timeout_s"
    """the configuration's key of ``seconds``, for messages"""


class EnginePool:
    """The engines of one workflow, in its state folder."""

    def __init__(self, state: Path) -> None:
        self.state = state.resolve()
        self.state.mkdir(parents=True, exist_ok=True)
        self.state.chmod(0o700)
        self.waited_s = 0.0
        """seconds that engines started here waited for their device while other workflows held it"""
        self.start_ids: dict[str, str] = {}
        """of the engines that were found or started here, what tells one start from all others, by key"""

    def measure(
        self,
        wanted: EngineRequest,
        job: dict[str, Any],
        log: Path,
        limits: Limits,
        tell: Callable[[str], None],
    ) -> dict[str, Any]:
        """Measure one run on the engine asked for, which is started if it is not running.

        Args:
            wanted: The engine.
            job: ``spec``, ``prompts`` and ``out``; see `batchscope.worker.engine.measure_run.measure_run`.
            log: File that gets what the engine said during the run.
            limits: Time limit, and whether the engine stays.
            tell: Called with each line of progress.

        Returns:
            The engine's result: what measurement.json says of what was measured.

        Raises:
            EngineEndedError: the engine failed, or was killed.
            EngineTimeOutError: it took too long and was ended.
            UserError: its guardian refuses to start it, and says why.
        """
        with _file_lock(lock := self.state / f"{wanted.key}.lock"):
            said, failed = self.state / f"{wanted.key}.log", self.state / f"{wanted.key}.failed"
            connection = self._connect(wanted.key)
            before = said.stat().st_size if connection else 0
            started = connection is not None
            try:
                if connection is None and (known := failure_before(failed, limits.seconds)):
                    raise known
                if connection and (result := _ask_running(connection, job, limits, tell)) is not None:
                    return result
                before, started = 0, False
                with self._start(wanted, limits, tell) as fresh:
                    started = True
                    return _ask(fresh, job, limits.seconds, tell)
            except TimeoutError:
                late = EngineTimeOutError(_lines_since(said, before), started, limits.seconds)
                raise remembered(failed, late) from None
            except ConnectionError:
                status = self._exit_status(wanted.key)
                ended = EngineEndedError(_lines_since(said, before), started, status)
                raise remembered(failed, ended) from None
            finally:
                lock.touch()
                self._settle(wanted.key, limits)
                log.parent.mkdir(parents=True, exist_ok=True)
                log.write_text("\n".join(_lines_since(said, before)) + "\n")

    def environment(self, wanted: EngineRequest) -> Path:
        """Path of the environment.json that an engine writes before it starts vLLM."""
        return environment_folder(self.state / wanted.key) / "environment.json"

    def _settle(self, key: str, limits: Limits) -> None:
        """After a run: end an engine that was interrupted, and stop one that is not to stay."""
        if sys.exc_info()[0] is not None:
            self._end(key)
        elif not limits.keep:
            self._stop(key)

    def _connect(self, key: str) -> socket.socket | None:
        """A connection to the running engine with this key; None where there is none."""
        described = read_json(self.state / f"{key}.json")
        connection = connection_to(described)
        if connection and described:
            self.start_ids[key] = described["start_id"]
        return connection

    def _start(self, wanted: EngineRequest, limits: Limits, tell: Callable[[str], None]) -> socket.socket:
        self.make_room(wanted.device, wanted.gpus)
        tell("starting vLLM" + (" as a server" if wanted.server is not None else ""))
        for suffix in (".json", ".ended", ".log", ".failed"):  # a killed guardian leaves the first three
            (self.state / f"{wanted.key}{suffix}").unlink(missing_ok=True)
        folder = Path(
            tempfile.mkdtemp(prefix="batchscope-")
        )  # socket paths are short: not in the state folder
        above = snakemake_above() or psutil.Process()
        order = {
            **asdict(wanted),
            "state": str(self.state / wanted.key),
            "folder": str(folder),
            "socket": str(folder / "socket"),
            "start_id": uuid4().hex[:12],
            "idle_s": IDLE_S,
            "follow": [above.pid, above.create_time()],
        }
        (folder / "order.json").write_text(json.dumps(order))
        with tempfile.TemporaryFile() as said:
            guardian = subprocess.Popen(
                [sys.executable, "-m", "batchscope.jobs.engine_guardian", str(folder / "order.json")],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                start_new_session=True,
            )
            lines = StartLines(said, folder / "progress", tell)
            try:
                return self._wait_until_ready(wanted.key, guardian, lines, limits)
            except BaseException:
                guardian.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    guardian.wait(3 * GRACE_S)
                raise

    def _wait_until_ready(
        self, key: str, guardian: subprocess.Popen[bytes], lines: StartLines, limits: Limits
    ) -> socket.socket:
        """Wait for the device, however long that takes, then for the engine, up to the time limit."""
        deadline = None
        while True:
            ended = guardian.poll() is not None
            lines.tell_new()
            if deadline is None and (described := read_json(self.state / f"{key}.json")):
                deadline = time.monotonic() + limits.seconds
                self.waited_s += described["waited_s"]
            if (connection := self._connect(key)) is not None:
                return connection
            if ended and (refusal := lines.refusal()):
                raise UserError(refusal)
            if ended:
                raise ConnectionError("the engine did not start")
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError
            time.sleep(0.1)

    def make_room(self, device: str, gpus: int) -> None:
        """End idle engines of this workflow until ``gpus`` GPUs, or the CPU, are free, or none is left.

        First the one that was used last: with several devices that is the one before in the same turn
        (`batchscope.studies.turns`), whose runs are compared with those that come now.
        """
        for path in sorted(self.state.glob("*.json"), key=_last_used, reverse=True):
            if device_is_free(device, max(gpus, 1)):
                return
            with contextlib.suppress(BlockingIOError), _file_lock(path.with_suffix(".lock"), wait=False):
                self._stop(path.stem)

    def _stop(self, key: str) -> None:
        """Ask an idle engine to end, and wait until its guardian has ended too."""
        described = read_json(self.state / f"{key}.json")
        with contextlib.suppress(OSError, ValueError):
            if connection := self._connect(key):
                with connection:
                    _send(connection, {"stop": True})
        if described:
            _wait_for_end(described["guardian"], 6 * GRACE_S)

    def _end(self, key: str) -> None:
        """End an engine that is in the middle of a job."""
        if described := read_json(self.state / f"{key}.json"):
            with contextlib.suppress(psutil.Error):
                psutil.Process(described["guardian"]).terminate()
            _wait_for_end(described["guardian"], 3 * GRACE_S)

    def _exit_status(self, key: str) -> int | None:
        """Exit status of the last engine with this key, once its guardian has written it; None: not known."""
        if described := read_json(self.state / f"{key}.json"):
            _wait_for_end(described["guardian"], 3 * GRACE_S)
        ended = read_json(self.state / f"{key}.ended")
        return None if ended is None else int(ended["status"])


def _last_used(described: Path) -> float:
    lock = described.with_suffix(".lock")
    return lock.stat().st_mtime if lock.exists() else 0.0


def environment_folder(state: Path) -> Path:
    """Folder in which an engine describes its environment; ``state``: ``KEY`` in the state folder."""
    folder = state.with_suffix(".environment")
    folder.mkdir(exist_ok=True)
    return folder


def _ask_running(
    connection: socket.socket, job: dict[str, Any], limits: Limits, tell: Callable[[str], None]
) -> dict[str, Any] | None:
    """Give the job to an engine that was found running; None if it ended just then, after its idle time."""
    with connection:
        try:
            return _ask(connection, job, limits.seconds, tell)
        except NotAcceptedError:
            return None


def _ask(
    connection: socket.socket, job: dict[str, Any], seconds: float, tell: Callable[[str], None]
) -> dict[str, Any]:
    deadline, accepted = time.monotonic() + seconds, False
    with connection.makefile("r", encoding="utf-8") as lines:
        while True:
            try:
                if not accepted:
                    _send(connection, job)
                connection.settimeout(max(deadline - time.monotonic(), 0.01))
                line = lines.readline()
            except (BrokenPipeError, ConnectionResetError):
                line = ""
            if not line:
                raise ConnectionError("hung up") if accepted else NotAcceptedError("hung up")
            accepted, message = True, json.loads(line)
            if "progress" in message:
                tell(message["progress"])
            elif "result" in message:
                result: dict[str, Any] = message["result"]
                return result


def _send(connection: socket.socket, message: dict[str, Any]) -> None:
    connection.sendall(json.dumps(message).encode() + b"\n")


def _lines_since(log: Path, offset: int) -> list[str]:
    if not log.exists():
        return []
    with log.open("rb") as file:
        file.seek(offset if log.stat().st_size >= offset else 0)
        return file.read().decode(errors="replace").splitlines()


def _wait_for_end(pid: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        while time.monotonic() < deadline and not gone(process):
            time.sleep(0.05)


@contextlib.contextmanager
def _file_lock(path: Path, wait: bool = True) -> Iterator[IO[str]]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield file
