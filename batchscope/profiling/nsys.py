"""Nsight Systems: its capture; `batchscope.profiling.nsys_database` parses it."""

import contextlib
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pandas as pd

from batchscope.common.errors import UserError
from batchscope.jobs.supervise import run_when_we_end
from batchscope.profiling.capture import CaptureJob, engine_environment, run_capture, write_order
from batchscope.profiling.nsys_database import read_database, tables

REPORT, DATABASE = "window.nsys-rep", "window.sqlite"

KEPT = "window.json"
"""What a capture comes to (`batchscope.config.profile`)."""

COMMON = ("--sample=none", "--cpuctxsw=none", "--capture-range-end=stop", "--kill=none")

OPTIONS = {
    # Only calls of a microsecond and more, without stacks: with all of them a report was ten times larger.
    "cpu": (
        *("--trace=nvtx,osrt", "--osrt-threshold=1000", "--osrt-backtrace-threshold=2000000000"),
        *("--capture-range=nvtx", "--nvtx-capture=window@batchscope"),
    ),
    # Kernels inside CUDA graphs one by one: a whole graph would be in no class.
    "cuda": ("--trace=cuda,nvtx", "--cuda-graph-trace=node", "--capture-range=cudaProfilerApi"),
}

REPORTS = {
    "cpu": ("nvtx_sum", "osrt_sum"),
    "cuda": ("cuda_gpu_kern_sum", "cuda_gpu_mem_time_sum", "cuda_api_sum", "nvtx_sum"),
}
"""Tables of `nsys stats`."""

PRIVATE = ("META_DATA_CAPTURE", "META_DATA_EXPORT", "TARGET_INFO_SYSTEM_ENV", "ProcessStreams", "PROCESSES")
"""Tables of a database that name the machine and its user."""

VARIABLES = {
    "NSYS_NVTX_PROFILER_REGISTER_ONLY": "0",  # the window's name is no registered string
    "VLLM_WORKER_MULTIPROC_METHOD": "spawn",  # nsys follows what is executed, not what is forked
    "SPT_NOENV": "1",  # vLLM's process titles leave the environment readable, for `killing_all_with`
}

NEEDED = re.compile(
    r"PATH|HOME|USER|LOGNAME|LANG|LC_\w+|TZ|CC|CXX|CPATH|(LD_)?LIBRARY_PATH|LD_PRELOAD|"
    r"(PYTHON|CUDA|NVIDIA|NCCL|VLLM|TORCH|PYTORCH|TRITON|FLASHINFER|OMP|KMP|MKL|HF|TOKENIZERS|XDG)\w*"
)
SECRET = re.compile(r"TOKEN(?!IZER)|SECRET|PASSW|CREDENTIAL|AUTH|KEY", re.IGNORECASE)

ROOM = 500_000_000
"""Free bytes that a capture requires: nsys hangs when its folder for temporary files is full."""

EXPORT_S = 120
"""Time limit in seconds for the export, and again for the tables; a few seconds are usual."""

OLDEST = (2023, 4)


def capture(job: CaptureJob) -> None:
    """Run the engine under nsys; report, database and tables lie in ``job.out``.

    Raises:
        UserError: nsys is missing or too old, the engine failed, took too long, or the disk is full.
    """
    nsys = find_nsys()
    order = write_order(job, "nsys")
    env = report_environment(engine_environment(job), job.variables)
    record(nsys, [job.python, "-m", "batchscope.worker.profiling", str(order.resolve())], job, env)
    export(nsys, job.out, REPORTS[job.device])


def record(nsys: str, program: Sequence[str], job: CaptureJob, env: Mapping[str, str]) -> None:
    """Run a program under nsys; the report lies in ``job.out``, if the program marked a window.

    Raises:
        UserError: the program or nsys failed, took longer than ``job.timeout_s``, or the disk is full.
    """
    # A folder of its own: sessions find each other by files there, and a damaged file makes all of them hang.
    with tempfile.TemporaryDirectory(prefix="batchscope-nsys-", ignore_cleanup_errors=True) as scratch:
        check_room(Path(scratch), job.out)
        command = [
            *(nsys, "profile", *COMMON, *OPTIONS[job.device], "--force-overwrite=true"),
            *(f"--output={job.out / REPORT}", *program),
        ]
        with killing_all_with(f"TMPDIR={scratch}"):
            run_capture(command, job, {**env, **VARIABLES, "TMPDIR": scratch})


def find_nsys() -> str:
    """Path of the program.

    Raises:
        UserError: it is not there, or older than those that this project is tested with.
    """
    found = shutil.which("nsys")
    if found is None:
        raise UserError(
            "profile.profilers: there is no program 'nsys' on PATH; install Nsight Systems as docs/nsys.md "
            "says, or profile with torch alone"
        )
    said = _run([found, "--version"])
    version = re.search(r"version (\d+)\.(\d+)", said.stdout)
    if version is None:
        raise UserError(f"profile.profilers: {found} does not work: {_last_line(said)}")
    if tuple(map(int, version.groups())) < OLDEST:
        raise UserError(
            f"profile.profilers: {found} is version {version[1]}.{version[2]}; {OLDEST[0]}.{OLDEST[1]} or "
            "newer is needed (docs/nsys.md)"
        )
    return found


def report_environment(env: Mapping[str, str], asked: Mapping[str, str]) -> dict[str, str]:
    """The variables that the engine needs; nsys writes all of its environment into the report.

    Args:
        env: the engine's variables.
        asked: those that the configuration names.
    """
    return {
        name: value
        for name, value in env.items()
        if (name in asked or NEEDED.fullmatch(name)) and not SECRET.search(name)
    }


def check_room(*folders: Path, room: int = ROOM) -> None:
    """Check that each folder has ``room`` bytes free.

    Raises:
        UserError: one has not.
    """
    for folder in folders:
        if (free := shutil.disk_usage(folder).free) < room:
            raise UserError(
                f"no space left for the capture: {folder} has {free / 1e6:.0f} MB free, and nsys needs "
                f"{room / 1e6:.0f} MB; make room, or set TMPDIR to a folder that has it if it is that one"
            )


@contextlib.contextmanager
def killing_all_with(variable: str) -> Iterator[None]:
    """Kill every process with a certain variable once the block is left, or this process dies.

    nsys puts its agent and the program into sessions of their own, which outlive its process group.

    Args:
        variable: NAME=VALUE, unique.
    """
    script = (
        'for file in $(grep -lsF -- "$1" /proc/[0-9]*/environ); do '
        'file=${file#/proc/}; kill -s KILL "${file%/environ}" 2>/dev/null; done'
    )
    with run_when_we_end(script, variable, always=True):
        yield


def export(nsys: str, folder: Path, reports: Sequence[str]) -> None:
    """The report in a folder as a database, its tables as CSV files; the database holds no environment.

    Raises:
        UserError: there is no report, it is cut off, or the disk is full.
    """
    report, database = folder / REPORT, folder / DATABASE
    if not report.exists():
        raise UserError(
            f"{folder}: nsys wrote no report: the capture holds no engine step; the pass may have ended "
            "before the window began: lower profile.steps, or profile a run with more texts"
        )
    options = ("--type=sqlite", "--force-overwrite=true", "--quiet=true")
    exported = _run([nsys, "export", *options, f"--output={database}", str(report)])
    if exported.returncode or not database.exists() or not database.stat().st_size:
        database.unlink(missing_ok=True)
        raise UserError(
            f"{report}: nsys could not read the report or write its database ({_last_line(exported)}); is "
            "the disk full? Delete the folder and profile again"
        )
    write_tables(nsys, database, reports)
    scrub(database)


def write_tables(nsys: str, database: Path, reports: Sequence[str]) -> None:
    """Write CSV files beside the database; a missing one is only reported: nothing of ours reads them."""
    base = database.with_suffix("")
    options = ("--format=csv", "--force-overwrite=true", "--quiet", *(f"--report={name}" for name in reports))
    done = _run([nsys, "stats", *options, f"--output={base}", str(database)])
    if missing := [name for name in reports if not Path(f"{base}_{name}.csv").exists()]:
        print(f"{database}: nsys stats wrote no {', '.join(missing)}: {_last_line(done)}", flush=True)


def scrub(database: Path) -> None:
    """Remove the environment, the machine's names and the program's output from the database.

    Raises:
        UserError: the disk is full.
    """
    try:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            for name in PRIVATE:
                connection.execute(f"DROP TABLE IF EXISTS {name}")
            # Whole environments are among the strings as well; each holds the variable that we set.
            connection.execute("DELETE FROM StringIds WHERE instr(value, 'TMPDIR=')")
            connection.commit()
            connection.execute("VACUUM")
    except sqlite3.DatabaseError as error:
        database.unlink()
        raise UserError(
            f"{database}: could not be cleaned of the environment ({error}); is the disk full?"
        ) from None


def _run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run nsys on a file that is there."""
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", check=False, timeout=EXPORT_S
        )
    except subprocess.TimeoutExpired:
        raise UserError(
            f"`{' '.join(command[:2])}` was stopped after {EXPORT_S} s; profile again, and install Nsight "
            "Systems again if that does not help (docs/nsys.md)"
        ) from None


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
    return lines[-1] if lines else f"exit status {done.returncode}"


def parse(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The capture in a folder as events and steps.

    Raises:
        UserError: there is no database, it is damaged, or it holds no step.
    """
    path = folder / DATABASE
    return tables(read_database(path), str(path))
