"""Lines that jobs print: which of them pass, which stay, and which begin an error."""

import re
from collections.abc import Mapping
from enum import Enum

PASSES = re.compile(
    r"warm-up: |repeat \d+/\d+: |ended by |kept as a result, |[\d,]+ prompts, |[\d,]+ (of [\d,]+ )?requests"
    r"|vllm serve starts on |the server (starts: |is ready after )"
)
"""What a run says of its passes; its own line sums that up."""

STATE = re.compile(r"starting |waiting: |loading |still ")
"""What a run waits for."""

STEPS = re.compile(r"training: step ")
"""What steps say that are no runs."""

ERROR = re.compile(r"error: |Traceback \(most recent call last\):")


class Kind(Enum):
    """What becomes of a line."""

    PASSING = "passing"
    """shown until the next one, where the display moves; else not at all"""
    STATE = "state"
    """shown until the next one, where the display moves; else as a line"""
    LINE = "line"
    """shown, and stays"""
    ERROR = "error"
    """begins what a job says before it fails"""


def run_of_line(line: str, running: Mapping[str, str]) -> tuple[str, str] | None:
    """The run that a line is about and what it says, where the line begins with the name of a run under way.

    ``running``: what the console calls each of these, by what its job calls it.
    """
    name, colon, said = line.partition(": ")
    return (running[name], said) if colon and name in running else None


def kind_of(said: str) -> Kind:
    """What becomes of something that a run says."""
    if PASSES.match(said):
        return Kind.PASSING
    return Kind.STATE if STATE.match(said) else Kind.LINE


def is_passing(line: str) -> bool:
    """Whether a step that is no run says how far it is."""
    return bool(STEPS.match(line))


def begins_error(line: str) -> bool:
    """Whether a line begins what a job says before it fails."""
    return bool(ERROR.match(line))
