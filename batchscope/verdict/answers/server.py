"""The answer for texts that come through a server: the highest load that it keeps up with."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batchscope.reporting.wording import fault, show_setting
from batchscope.reports.serving.levels import Level, knee_of, levels
from batchscope.reports.serving.sweeps import sweeps
from batchscope.reports.serving.wording import CLOSED, OPEN
from batchscope.results.frames import cell_value
from batchscope.results.metrics.label_quality import random_weights
from batchscope.statistics.replicates import ENOUGH_UNITS
from batchscope.verdict.answers.offline import gpus_of
from batchscope.verdict.doubts import is_demo
from batchscope.verdict.evidence import Evidence
from batchscope.verdict.gains import per_million
from batchscope.verdict.limits import limited_by
from batchscope.verdict.schema import Answer, Estimate, Next, RestsOn, Sure
from batchscope.verdict.wording import rate, setting_words

MEANS = "what this load would give on and on, in one pass"


@dataclass(frozen=True)
class Load:
    """A load that a server keeps up with."""

    study: str
    level: Level
    open: bool
    """whether requests came at a rate; else so many were under way"""
    above: str
    """what more load does"""

    @property
    def point(self) -> "pd.Series[Any]":
        """The row of its first pass."""
        return self.level.passes.iloc[0]

    @property
    def texts_per_s(self) -> float:
        """Of the steady window, else of the whole load."""
        return self.level.shown("texts_per_s")


def server_answer(evidence: Evidence) -> Answer | None:
    """The answer; None where no server was measured."""
    if not evidence.serving:
        return None
    frames = {study: points for study, points in evidence.serving.items() if len(points)}
    kept = [load for study, points in frames.items() for load in loads_of(study, points)]
    best = max((load for load in kept if load.open), key=lambda each: each.texts_per_s, default=None)
    best = best or max(kept, key=lambda each: each.texts_per_s, default=None)
    return _recommend(best, evidence) if best else _nothing(frames)


def loads_of(study: str, points: pd.DataFrame) -> Iterator[Load]:
    """Of each sweep of a study the highest load that the server keeps up with."""
    valid = points[points["valid"].astype(bool)]
    for sweep in sweeps(valid, OPEN):
        yield from _highest_rate(study, levels(sweep, OPEN))
    for sweep in sweeps(valid, CLOSED):
        yield from _knee(study, levels(sweep, CLOSED))


def _highest_rate(study: str, found: Sequence[Level]) -> Iterator[Load]:
    verdicts = [level.queue.verdict if level.queue else None for level in found]
    first = verdicts.index("piles up") if "piles up" in verdicts else len(found)
    kept = [place for place, verdict in enumerate(verdicts[:first]) if verdict == "keeps up"]
    if not kept:
        return
    piles = first < len(found)
    above = (
        f"at {show_setting(found[first].asked)} they pile up"
        if piles
        else "no higher rate was tried that is too much"
    )
    yield Load(study, found[kept[-1]], open=True, above=above)


def _knee(study: str, found: Sequence[Level]) -> Iterator[Load]:
    steady = [level for level in found if level.counts]
    knee = knee_of(steady)
    if knee is None:
        return
    at = steady[knee.last]
    above = "more under way only wait longer" if knee.passed else "a larger load may do more"
    yield Load(study, at, open=False, above=above)


def _recommend(load: Load, evidence: Evidence) -> Answer:
    point, limits = load.point, evidence.config.verdict
    speed = _speed(load)
    words = setting_words(point, evidence.config)
    passes = len(load.level.passes)
    return Answer(
        recommended=f"{load.study}/{point['run']}",
        words=f"{words}, {_load_words(load)}",
        sentence=_sentence(load, words, speed, point),
        speed=speed,
        rests_on=_rests_on(load, passes),
        sure=_sure(passes),
        per_million=per_million(speed, gpus_of(point), limits.price_per_gpu_hour),
        limited_by=None if load.open else limited_by(point, None),
        could_be_wrong=tuple(_doubts(load, evidence, passes)),
        next=tuple(_next(load, passes)),
        load=_figures(load),
    )


def _speed(load: Load) -> Estimate:
    found = load.level.figure("steady_texts_per_s")
    if found is None:
        return Estimate(load.texts_per_s, None, None, "one pass of this load")
    return Estimate(found.middle, found.low, found.high, MEANS)


def _load_words(load: Load) -> str:
    asked = show_setting(load.level.asked)
    return f"{asked} requests/s" if load.open else f"{asked} requests under way"


def _sentence(load: Load, words: str, speed: Estimate, point: "pd.Series[Any]") -> str:
    late = _figures(load)
    random = (
        " Its weights are random: this says what the server carries, not whether it is right."
        if random_weights(str(point["load_format"]))
        else ""
    )
    wait = f"half of the answers took at most {_ms(late['median_ms'])}"
    wait += f", 99 % at most {_ms(late['p99_ms'])}" if late["p99_ms"] is not None else ""
    carries = "keeps up with" if load.open else "does best with"
    return (
        f"The server {carries} {_load_words(load)} ({words}), {rate(speed.value)} texts/s; {load.above}. "
        f"There {wait}.{random}"
    )


def _ms(value: float | None) -> str:
    if value is None:
        return "an unknown time"
    return f"{value:,.0f} ms" if value < 10_000 else f"{value / 1000:,.1f} s"


def _figures(load: Load) -> dict[str, Any]:
    """How the requests came, and how long their answers took."""
    median, tail = load.level.shown("median_e2el_ms"), load.level.shown("p99_e2el_ms")
    return {
        "request_rate": float(load.level.asked) if load.open else None,
        "max_concurrency": None if load.open else int(load.level.asked),
        "median_ms": None if pd.isna(median) else median,
        "p99_ms": None if pd.isna(tail) else tail,
        "above": load.above,
    }


def _rests_on(load: Load, passes: int) -> RestsOn:
    point, requests = load.point, load.level.requests
    gpus = 0 if point["device"] == "cpu" else 1
    runs = "one pass" if passes == 1 else f"{passes} passes"
    where = "a CPU" if gpus == 0 else "one GPU"
    words = f"one start of the server on {where}, {runs} of {requests:,} requests"
    return RestsOn(1, gpus, passes, int(point["texts"]), gold=False, words=words)


def _sure(passes: int) -> Sure:
    return Sure(
        "one start",
        f"Repeatability on one start of the server, {'one pass' if passes == 1 else f'{passes} passes'}.",
    )


def _doubts(load: Load, evidence: Evidence, passes: int) -> Iterator[str]:
    if is_demo(evidence.config):
        yield "The model is a toy that was trained here for a minute: the figures show how a report looks."
    if passes < ENOUGH_UNITS:
        yield "It rests on one start of the server, and on requests that came in one random order."
    yield "The client ran on the same machine; over a network answers take longer."
    yield "The labels of served answers are not judged: how right they are is known of offline runs alone."
    if "pile up" not in load.above and load.open:
        yield "No rate was too much for it: it may keep up with more."


def _next(load: Load, passes: int) -> Iterator[Next]:
    if passes < ENOUGH_UNITS:
        yield Next("Send the load with three seeds: load.seed: [0, 1, 2] in the study's grid.", None)
    if "pile up" not in load.above:
        yield Next(f"Try a larger load than {_load_words(load)}.", None)


def _nothing(frames: dict[str, pd.DataFrame]) -> Answer:
    """Why no load is recommended."""
    points = [point for frame in frames.values() for _, point in frame.iterrows()]
    more = "Send more requests (load.requests), at several rates (load.request_rate)."
    if not any(point["valid"] for point in points):
        why = "no load point counts" if points else "no load point was measured"
    elif piling := [
        point for point in points if point["valid"] and cell_value(point.get("queue")) == "piles up"
    ]:
        least = min(float(point[OPEN]) for point in piling)
        lower = _not_counted(
            [point for point in points if float(cell_value(point.get(OPEN)) or least) < least]
        )
        why = f"{'at' if lower else 'even at'} {show_setting(least)} requests/s they pile up{lower}"
        more = f"Try rates below {show_setting(least)} requests/s (load.request_rate)."
    else:
        why = "no load has a steady window and others to compare it with"
    return Answer(None, None, f"No load is recommended: {why}.", next=(Next(more, None),))


def _not_counted(points: "Sequence[pd.Series[Any]]") -> str:
    """Lower rates that were tried and say nothing, with the reason."""
    told = (
        f"{show_setting(point[OPEN])} requests/s ({fault(point)})" for point in points if not point["valid"]
    )
    return "".join(f", and {one} does not count" for one in dict.fromkeys(told))
