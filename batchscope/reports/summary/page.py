"""All studies on one page: the sweep, and the answer of each."""

import pandas as pd


def sweep(runs: pd.DataFrame) -> str | None:
    """How much of the jobs' time was timed; None where a job did not say how long it took."""
    if runs.empty or runs["job_s"].isna().any():
        return None
    starts = int((~runs["engine_reused"].astype(bool)).sum())
    timed, total = float(runs["timed_s"].sum()), float(runs["job_s"].sum())
    return (
        f"Sweep: {len(runs)} {_many('run', len(runs))} with {starts} engine {_many('start', starts)}; "
        f"{timed:,.0f} s timed of {total:,.0f} s that the jobs took, a sweep efficiency of "
        f"{100 * timed / total:.0f} %."
    )


def _many(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"
