"""The plan as text: a line a run, then how long all of it would take."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tabulate import tabulate

from batchscope.planning.seconds.job_seconds import JobSeconds
from batchscope.planning.sweep_plan import PlannedRun
from batchscope.results.faults import NOT_ACCEPTED

RUN_S = 2.0
"""What a run takes beside warm-up and passes, on the reference machine: its job's start, and Snakemake."""

BUSY = 0.75
"""Share of a core's time that is left to us, below which it is worth a word."""

SLOWER, FASTER = 1.25, 0.85
"""How far single predictions are off, where passes are as expected."""


@dataclass(frozen=True)
class Total:
    """Predicted seconds of a call, one job after the other."""

    passes: float
    """of all runs, warm-up and all else that belongs to them included"""
    starts: float
    others: float
    """of jobs that measure nothing"""
    least: float
    most: float

    @property
    def likely(self) -> float:
        """All together."""
        return self.passes + self.starts + self.others


def total_of(
    planned: Sequence[PlannedRun], other_jobs: Mapping[str, int], jobs: JobSeconds, calm: float = 1.0
) -> Total:
    """Seconds of the stale runs and of the other jobs.

    ``calm``: which share of its guessed seconds the processor would need if no other program ran.
    """
    stale = [run for run in planned if run.stale]
    beside = RUN_S / jobs.speed * len(stale)
    starts = sum(_starts(stale, 1.0).values())
    others = jobs.total(other_jobs)
    least = calm * (beside + others) + sum(_starts(stale, calm).values())
    return Total(
        passes=beside + sum(run.seconds for run in stale),
        starts=starts,
        others=others,
        least=FASTER * (least + sum(run.least_s * _share(run, calm) for run in stale)),
        most=SLOWER * (beside + starts + others + sum(run.most_s for run in stale)),
    )


def _starts(runs: Sequence[PlannedRun], calm: float) -> dict[str, float]:
    return {run.engine: run.start_s * _share(run, calm) for run in runs}


def _share(run: PlannedRun, calm: float) -> float:
    """What other programs change of a run's seconds."""
    return calm if run.device == "cpu" and not run.measured_basis else 1.0


def describe_plan(
    planned: Sequence[PlannedRun],
    other_jobs: Mapping[str, int],
    jobs: JobSeconds | None = None,
    calm: float = 1.0,
) -> str:
    """The plan as text.

    Args:
        planned: every run.
        other_jobs: how many jobs of each kind measure nothing.
        jobs: how long those take; None: as on the reference machine.
        calm: as `total_of` has it.
    """
    lines = [table(planned), ""]
    total = total_of(planned, other_jobs, jobs or JobSeconds({}, 1.0), calm)
    lines += summary(planned, total)
    if calm < BUSY and total.likely:
        lines.append(f"This machine is busy: other programs have {1 - calm:.0%} of a core's time now.")
    if other_jobs:
        listed = ", ".join(f"{count} {kind}" for kind, count in sorted(other_jobs.items()))
        lines.append(f"Other jobs: {listed}.")
    if refused := sum(run.refused for run in planned):
        runs = "run is" if refused == 1 else "runs are"
        lines.append(
            f"{refused} {runs} {NOT_ACCEPTED}, and asked again only after a change of configuration, vLLM or "
            "machine, or by `make retry`."
        )
    if any(not run.tokens_known for run in planned):
        lines.append("~ estimated: these prompts are not made yet.")
    if any(not run.measured_basis for run in planned):
        lines.append("? guessed: nothing alike has been measured here yet.")
    return "\n".join(lines)


def table(planned: Sequence[PlannedRun]) -> str:
    """A line a run."""
    rows = [
        (
            run.run,
            f"{run.prompts:,}",
            ("" if run.tokens_known else "~") + f"{run.prompt_tokens:,}",
            _minutes(run.seconds) + ("" if run.measured_basis else " ?"),
            run.stale or (NOT_ACCEPTED if run.refused else "up to date"),
        )
        for run in planned
    ]
    columns = ("run", "prompts", "prompt tokens", "minutes", "state")
    aligned = ("left", "right", "right", "right", "left")
    return tabulate(rows, columns, tablefmt="simple", colalign=aligned)


def summary(planned: Sequence[PlannedRun], total: Total) -> list[str]:
    """How long the stale runs, and all else, would take."""
    stale = [run for run in planned if run.stale]
    engines = len({run.engine for run in stale})
    text = f"{len(stale)} of {len(planned)} runs to measure"
    if not total.likely:
        return [f"{text}."]
    return [
        f"{text}: about {_minutes(total.likely)} minutes, one job after the other "
        f"({_minutes(total.least)} to {_minutes(total.most)}):",
        f"{_minutes(total.starts)} for {engines} engine start(s), {_minutes(total.passes)} for the runs, "
        f"{_minutes(total.others)} for all else.",
    ]


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}" if seconds >= 3 or seconds == 0 else "<0.1"
