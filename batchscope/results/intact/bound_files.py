"""Whether a measurement's tables are those that its measurement.json counted.

A seal says so of its own; of measurements from before there were seals, only their sums can.
"""

from collections.abc import Iterator

import pandas as pd

from batchscope.results.records import Invalidity, RunRecord


def foreign_tables(run: RunRecord) -> Iterator[Invalidity]:
    """A reason for each repeat whose requests are not those counted; none where there is no table of them."""
    if run.requests.empty and run.client.empty:
        return
    for number, repeat in enumerate(run.measurement.repeats):
        rows = _answered(run, number)
        counted = {
            "requests": (len(rows), repeat.requests),
            "prompt tokens": (rows["prompt_tokens"].sum(), repeat.prompt_tokens),
            "output tokens": (rows["output_tokens"].sum(), repeat.output_tokens),
        }
        wrong = [
            f"{found:,} {what} for {wanted:,}" for what, (found, wanted) in counted.items() if found != wanted
        ]
        if wrong:
            said = f"repeat {number + 1}: the table of requests has {', '.join(wrong)}"
            yield Invalidity(code="files", detail=f"{said}: it is of another measurement")


def _answered(run: RunRecord, number: int) -> pd.DataFrame:
    """The requests of a repeat that were answered; of a load point as its client saw them."""
    if run.client.empty:
        return run.requests[run.requests["repeat"] == number]
    return run.client[run.client["error"].isna()]
