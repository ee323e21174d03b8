"""How far equal work lies apart from one engine start, or one GPU, to the next.

Standard deviations of ln(rate), estimated from equal work that was measured again: not the largest difference
ever seen. They stand in where a run has too few starts or GPUs to know its own. docs/statistics.md names the
sources.
"""

import math
from dataclasses import dataclass
from typing import Literal

Regime = Literal["cpu", "host", "compute"]
"""What a run waits for: ``cpu``: vLLM for processors; ``host``: on a GPU that mostly waits for its processor;
``compute``: on a GPU that is busy."""


@dataclass(frozen=True)
class Spread:
    """A standard deviation of ln(rate), and how many degrees of freedom it was estimated with."""

    sd: float
    freedom: float

    @property
    def margin(self) -> float:
        """What two equal runs, one start each, differ by at most in 95 % of cases, as a share."""
        from scipy.special import stdtrit

        return math.expm1(float(stdtrit(self.freedom, 0.975)) * math.sqrt(2) * self.sd)


BETWEEN_STARTS: dict[Regime, Spread] = {
    "cpu": Spread(0.085, 12),
    "host": Spread(0.0935, 3.6),
    "compute": Spread(0.0039, 5),
}
"""Between engine starts of one machine."""

BETWEEN_GPUS = Spread(0.0088, 5)
"""Between GPUs of one kind, on top: six H100s at their power limit."""

BUSY = 0.8
"""Share of the time that a GPU must compute in for its run not to be bound by the host."""


def regime_of(device: str, utilization: float | None) -> Regime:
    """The regime of a run; where the GPU was not sampled, the wider spread of the two counts.

    Args:
        device: ``cpu`` or ``cuda``.
        utilization: mean share of the timed seconds in which the GPU computed; None: not known.
    """
    if device == "cpu":
        return "cpu"
    return "compute" if utilization is not None and utilization >= BUSY else "host"
