"""What of the configuration travels on command lines, and that they have a limit.

A job's whole command is one argument of a shell. Linux refuses one of 128 KiB and more, and says so only when
the job is started.
"""

import json
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from batchscope.common.errors import UserError

LONGEST = 100_000
"""Bytes of what one job is told; the rest of its command are paths."""

TOGETHER: Sequence[Sequence[str]] = (
    ("prompts", "task"),
    ("dataset", "task"),
    ("engine", "task"),
    ("environments",),
    ("models",),
)
"""Blocks that one job is told together."""


def check_lengths(values: Mapping[str, Any]) -> None:
    """Stop at blocks that are too long for a command line.

    Args:
        values: the configuration as JSON has it.

    Raises:
        UserError: names the key with most of it.
    """
    for blocks in TOGETHER:
        lengths = {
            f"{block}.{key}": length_of(value) for block in blocks for key, value in values[block].items()
        }
        if (total := sum(lengths.values())) > LONGEST:
            key = max(lengths, key=lengths.__getitem__)
            raise UserError(
                f"the configuration is wrong:\n  {key}: takes {lengths[key]:,} of the {total:,} bytes that a "
                f"job would be told on its command line, and {LONGEST:,} are the most; shorten it"
            )


def length_of(value: Any) -> int:
    """Bytes of a value as JSON in quotes for a shell."""
    return len(shlex.quote(json.dumps(value)))
