"""Which runs are profiled."""

from collections.abc import Collection, Sequence
from difflib import get_close_matches

from batchscope.common.errors import UserError

DEFAULT = ("saturation/packed-n4", "saturation/separate-n1")
"""The demo's packed and separate pair."""


def profiled_runs(asked: Sequence[str] | None, known: Collection[str]) -> list[str]:
    """The runs to profile; where none are asked for, those of the default that there are.

    Args:
        asked: ``profile.runs``.
        known: all runs of the configuration, as study/run.

    Raises:
        UserError: a run that is asked for is none of them.
    """
    if asked is None:
        return [run for run in DEFAULT if run in known]
    for run in asked:
        if run not in known:
            close = get_close_matches(run, known, n=1)
            hint = f"did you mean '{close[0]}'?" if close else f"there are {', '.join(sorted(known))}"
            raise UserError(f"profile.runs: no run '{run}'; {hint}")
    return list(dict.fromkeys(asked))
