"""What a cluster's executor cannot say: which runs an allocation finished, and why it ended.

Snakemake knows the jobs of an allocation only as one. If one fails, it removes the outputs of all of them;
``results/history`` still has each finished run.
"""

import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from batchscope.jobs.measurement_files import history_of

CAUSE = re.compile(
    r"^(?:error: |slurmstepd(?:-\S+)?: error: |srun: error: \S+ tasks? \S+ (?:Killed|Out Of Memory))"
)
"""Lines of a Slurm log that say why a job ended: our own errors, and Slurm's."""

STARTED = re.compile(r"^([^/\s]+/[^/\s:]+): [\d,]+ prompts, ")
"""The first line that a run prints (scripts/measure.py, scripts/serve.py)."""

MOST_LINES = 8


@dataclass(frozen=True)
class Allocation:
    """A job of the cluster that failed."""

    name: str
    logs: Path
    """folder of its logs; the newest file is the one of this attempt"""
    runs: Mapping[str, Path]
    """the log of each run in it, by study/run; empty for a job that measures nothing"""


def log_folder(logs: Path, name: str, group: bool, wildcards: Iterable[str]) -> Path:
    """Where Slurm's executor puts the logs of a job, or of a group of jobs, with this name."""
    if group:
        return logs / f"group_{name}"
    return logs / f"rule_{name}" / "_".join(wildcards).replace("/", "_")


def kept_measurements(out: Path) -> set[Path]:
    """Folders of the history that hold a finished measurement of the run whose results are in ``out``."""
    return {path.parent for path in history_of(out).glob("*/measurement.json")}  # which is written last


def restore(out: Path, earlier: set[Path]) -> bool:
    """Put the files of a finished run back into ``out`` if Snakemake has removed them.

    Args:
        out: the run's folder.
        earlier: its folders in the history when this call of Snakemake began (`kept_measurements`).

    Returns:
        Whether the run has been measured since then.
    """
    new = kept_measurements(out) - earlier
    if new and not (out / "measurement.json").exists():
        out.mkdir(parents=True, exist_ok=True)
        for file in sorted(max(new).iterdir(), key=lambda path: path.name == "measurement.json"):
            shutil.copyfile(file, out / file.name)
    return bool(new)


def explain(failed: Allocation, finished: Iterable[str]) -> str:
    """Why an allocation failed, as text: its own messages, which runs are missing, and how many are kept."""
    logs = sorted(failed.logs.glob("*.log"), key=lambda path: path.stat().st_mtime)
    said = logs[-1].read_text(encoding="utf-8", errors="replace").splitlines() if logs else []
    where = f" (log: {logs[-1]})" if logs else ": it did not start; Snakemake's message above says why"
    causes = list(dict.fromkeys(_cause_lines(said)))
    lines = [f"{failed.name} failed{where}", *(f"  {line}" for line in causes)]
    done = set(finished)
    missing = [run for run in failed.runs if run not in done]
    started = [found[1] for line in said if (found := STARTED.match(line))]
    for run in missing:
        if run in started or any(run in line for line in causes):
            state = "was in progress" if started[-1:] == [run] else "failed"
            lines.append(f"  {run} {state} (log: {failed.runs[run]})")
        else:
            lines.append(f"  {run} did not start")
    if kept := len(failed.runs) - len(missing):
        lines.append(f"  {kept} of its {len(failed.runs)} runs had ended and are kept")
    return "\n".join(lines)


def _cause_lines(said: list[str]) -> list[str]:
    """The lines of a log that name a cause, each with the indented lines that belong to it."""
    causes, inside = [], False
    for line in said:
        inside = bool(CAUSE.match(line)) or (inside and line.startswith("  "))
        if inside:
            causes.append(line)
    return causes[-MOST_LINES:]
