"""Snakemake as the command is, but that it asks Slurm every two seconds what has ended.

Slurm's executor waits ten seconds longer each time that nothing has, which spares a busy cluster and is idle time here.
Jobs that it submits call Snakemake itself.
"""

import sys

from snakemake.cli import main
from snakemake_executor_plugin_slurm import Executor

ASKS_EVERY_S = 2


def ask_often() -> None:
    """Let the executor put off no question."""
    Executor.next_seconds_between_status_checks = property(
        lambda executor: ASKS_EVERY_S, lambda executor, longer: None
    )


if __name__ == "__main__":
    ask_often()
    sys.path[0] = ""  # as `python -m snakemake` has it
    sys.argv[0] = "snakemake"
    main()
