"""What a cluster's executor cannot say: which runs an allocation has finished, and why it ended.

Snakemake knows an allocation's jobs only together. Where one fails it removes what all of them made; the
history under ``results/history`` still has each finished run.
"""

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from batchscope.jobs.measurement_files import history_of

TOLD = re.compile(
    r"^(?:error: |slurmstepd(?:-\S+)?: error: |srun: error: \S+ tasks? \S+ (?:Killed|Out Of Memory))"
)
"""Lines of a cluster's log that say why a job ended: our own errors, and Slurm's."""

STARTED = re.compile(r"^([^/\s]+/[^/\s:]+): [\d,]+ prompts, ")
"""What a run says first (scripts/measure.py, scripts/serve.py)."""

MOST_LINES = 8


@dataclass(frozen=True)
class Allocation:
    """A job that the cluster ended without success."""

    name: str
    logs: Path
    """folder of its logs; the newest is its own"""
    runs: Mapping[str, Path]
    """the log of each run in it, by study/run; empty for other jobs"""


def log_folder(logs: Path, name: str, group: bool, wildcards: Iterable[str]) -> Path:
    """Where the executor puts the logs of a job with this name."""
    if group:
        return logs / f"group_{name}"
    return logs / f"rule_{name}" / "_".join(wildcards).replace("/", "_")


def kept_measurements(out: Path) -> set[Path]:
    """Folders of the history that hold a finished measurement of the run whose results are in ``out``."""
    return {path.parent for path in history_of(out).glob("*/measurement.json")}  # which is written last


def restore(out: Path, earlier: set[Path]) -> bool:
    """Put a run back that was measured since the history held ``earlier``, if Snakemake has removed it.

    Returns:
        Whether it has been measured since.
    """
    new = kept_measurements(out) - earlier
    if new and not (out / "measurement.json").exists():
        out.mkdir(parents=True, exist_ok=True)
        for file in sorted(max(new).iterdir(), key=lambda path: path.name == "measurement.json"):
            shutil.copyfile(file, out / file.name)
    return bool(new)


def explain(failed: Allocation, finished: Iterable[str]) -> str:
    """Why an allocation failed, in lines: what was told, what is missing, with its log, and what is kept."""
    logs = sorted(failed.logs.glob("*.log"), key=lambda path: path.stat().st_mtime)
    said = logs[-1].read_text(encoding="utf-8", errors="replace").splitlines() if logs else []
    where = f" (log: {logs[-1]})" if logs else ": it did not start; Snakemake's message above says why"
    told = list(dict.fromkeys(_told(said)))
    lines = [f"{failed.name} failed{where}", *(f"  {line}" for line in told)]
    done = set(finished)
    missing = [run for run in failed.runs if run not in done]
    started = [found[1] for line in said if (found := STARTED.match(line))]
    for run in missing:
        if run in started or any(run in line for line in told):
            state = "was in progress" if started[-1:] == [run] else "failed"
            lines.append(f"  {run} {state} (log: {failed.runs[run]})")
        else:
            lines.append(f"  {run} did not start")
    if kept := len(failed.runs) - len(missing):
        lines.append(f"  {kept} of its {len(failed.runs)} runs had ended and are kept")
    return "\n".join(lines)


def _told(said: list[str]) -> list[str]:
    """Lines that tell a cause, each with the indented ones that go on with it."""
    told, inside = [], False
    for line in said:
        inside = bool(TOLD.match(line)) or (inside and line.startswith("  "))
        if inside:
            told.append(line)
    return told[-MOST_LINES:]
