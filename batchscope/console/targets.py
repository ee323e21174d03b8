"""A target that does not exist, and the one that was meant."""

import re
from collections.abc import Mapping
from difflib import get_close_matches

MISSING = re.compile(r"No rule to produce (.+?) \(if you use input functions")


def missing_target(message: str) -> str | None:
    """The target that Snakemake's message says it cannot make."""
    match = MISSING.search(message)
    return match[1] if match else None


def suggestion(wanted: str, targets: Mapping[str, str]) -> str:
    """One message on a target that does not exist.

    Args:
        wanted: as asked for.
        targets: what Snakemake calls each, by the names that people may use.
    """
    names = [*targets, *set(targets.values()) - set(targets)]
    close = get_close_matches(wanted, names, n=1)
    if not close:
        hint = "`snakemake --cores 1 plan` prints the runs, `snakemake --list-target-rules` other targets"
        return f"error: there is no target {wanted}; {hint}"
    return f"error: there is no target {wanted}; did you mean {targets.get(close[0], close[0])}?"
