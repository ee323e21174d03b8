"""All studies on one page: the sweep, and the answer of each."""

import pandas as pd

from batchscope.reporting.numbers import counted

VERDICT = (
    "What each study found. Which setting to use is told in one place, for all studies together: in "
    "verdict.json, which report.html shows first."
)
"""The summary recommends nothing itself, so that it cannot say another thing."""


def sweep(runs: pd.DataFrame) -> str | None:
    """How much of the jobs' time was timed; None where a job did not say how long it took.

    Runs that were left out asked for no engine.
    """
    runs = runs[runs["status"] != "unfit"]
    if runs.empty or runs["job_s"].isna().any():
        return None
    starts = int((~runs["engine_reused"].astype(bool)).sum())
    timed, total = float(runs["timed_s"].sum()), float(runs["job_s"].sum())
    return (
        f"Sweep: {counted(len(runs), 'run')} with {counted(starts, 'engine start')}; "
        f"{timed:,.0f} s timed of {total:,.0f} s that the jobs took, a sweep efficiency of "
        f"{100 * timed / total:.0f} %."
    )
