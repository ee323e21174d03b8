"""Which runs are profiled."""

from collections.abc import Collection, Sequence

from batchscope.common.errors import UserError
from batchscope.config.reading.messages import list_names

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
            raise UserError(f"profile.runs: no run '{run}'; {list_names(run, sorted(known))}")
    return list(dict.fromkeys(asked))
