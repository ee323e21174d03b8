"""All checks, in the order in which their problems are told. A new one is a module and a line here."""

from collections.abc import Callable, Iterable

from batchscope.planning.checks import (
    devices,
    disk,
    engine_arguments,
    environments,
    gemm,
    imported,
    memory,
    models,
    profilers,
    servers,
)
from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import Finding

Check = Callable[[Situation], Iterable[Finding]]

CHECKS: tuple[Check, ...] = (
    environments.check,
    devices.check,
    models.check,
    engine_arguments.check,
    gemm.check,
    memory.check,
    disk.check,
    servers.check,
    profilers.check,
    imported.check,
)


def findings(situation: Situation) -> list[Finding]:
    """What all checks find. Nothing is asked of a network, and no engine is started."""
    return [found for check in CHECKS for found in check(situation)]
