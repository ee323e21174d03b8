"""Mistakes that users make, by kind, each with what is said of it and what is right in its place."""

from support.mistakes.configuration import CONFIGURATION
from support.mistakes.data import DATA
from support.mistakes.engine_arguments import ENGINE_ARGUMENTS
from support.mistakes.hardware import HARDWARE
from support.mistakes.hub import HUB
from support.mistakes.mistake import KINDS, Mistake
from support.mistakes.models import MODELS
from support.mistakes.names import NAMES

MISTAKES: dict[str, dict[str, Mistake]] = dict(
    zip(KINDS, (CONFIGURATION, NAMES, DATA, MODELS, HUB, ENGINE_ARGUMENTS, HARDWARE), strict=True)
)
"""All of them, by kind and by what is wrong."""

EACH = [(kind, name) for kind, of_kind in MISTAKES.items() for name in of_kind]
"""Kind and name of each."""
