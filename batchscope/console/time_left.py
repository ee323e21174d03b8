"""How far a call is, and how long it will take: steps weighed by their predicted seconds."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from batchscope.console.knowledge import Prediction

STEP_S = 3.0
"""Seconds of a step that is no run, until one of its rule has ended."""

TRUST_S = 60.0
"""After so many predicted seconds, predictions are corrected half by what runs took."""


@dataclass
class TimeLeft:
    """The steps of a call. Times are seconds by any clock."""

    runs: Mapping[str, Prediction]
    """those to measure"""
    steps: Counter[str]
    """other steps, by rule"""
    begun: dict[str, float] = field(default_factory=dict)
    """steps under way, by name, and when they began"""
    ended: set[str] = field(default_factory=set)
    """runs"""
    engines: dict[str, float] = field(default_factory=dict)
    """those that have been started, and when the last run on each ended"""
    predicted: float = 0.0
    """seconds of the runs that ended"""
    taken: float = 0.0
    """seconds that they took"""
    of_rule: dict[str, list[float]] = field(default_factory=dict)
    """seconds of the other steps that ended"""

    def begin(self, name: str, now: float) -> None:
        """Note that a step begins."""
        self.begun[name] = now

    def end(self, name: str, rule: str, now: float) -> None:
        """Note that a step ended."""
        began = self.begun.pop(name, now)
        if name not in self.runs:
            self.steps[rule] -= 1
            self.of_rule.setdefault(rule, []).append(now - began)
            return
        engine = self.runs[name].engine
        self.predicted += self._seconds_of(name)
        # An allocation of a cluster begins and ends all its runs at once.
        self.taken += now - max(began, self.engines.get(engine, began))
        self.engines[engine] = now
        self.ended.add(name)

    def left(self, now: float) -> float:
        """Seconds until the end, if runs go on as they went and as many at once as now."""
        open_runs = [name for name in self.runs if name not in self.ended]
        busy = self._busy()
        passed = sum(now - began for began in busy.values())
        runs = max(self.factor * self._seconds_of(*open_runs) - passed, 0.0)
        return runs / max(len(busy), 1) + self._others_left()

    def share(self, now: float) -> float:
        """From 0 to 1: how much of the time has passed."""
        done = self.taken + sum(sum(seconds) for seconds in self.of_rule.values())
        done += sum(now - began for began in self._busy().values())
        whole = done + self.left(now)
        return done / whole if whole else 1.0

    @property
    def factor(self) -> float:
        """By what predictions are corrected."""
        return (self.taken + TRUST_S) / (self.predicted + TRUST_S)

    def _busy(self) -> dict[str, float]:
        """Engines with runs under way, and since when."""
        runs = [name for name in self.begun if name in self.runs]
        latest_first = sorted(runs, key=lambda name: -self.begun[name])
        return {self.runs[name].engine: self.begun[name] for name in latest_first}

    def _seconds_of(self, *names: str) -> float:
        """Predicted seconds of runs, with the starts of engines that have not been started."""
        runs = [self.runs[name] for name in names]
        starts = {run.engine: run.start_s for run in runs if run.engine not in self.engines}
        return sum(run.seconds for run in runs) + sum(starts.values())

    def _others_left(self) -> float:
        return sum(max(count, 0) * self._mean(rule) for rule, count in self.steps.items())

    def _mean(self, rule: str) -> float:
        seconds = self.of_rule.get(rule)
        return sum(seconds) / len(seconds) if seconds else STEP_S
