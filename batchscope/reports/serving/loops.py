"""Sentences on sweeps over the load: where the knee is, where requests pile up, what was not reached."""

from collections.abc import Iterator, Sequence

import pandas as pd

from batchscope.reporting.numbers import counted
from batchscope.reporting.wording import show_setting
from batchscope.reports.serving.levels import Level, knee_of, levels
from batchscope.reports.serving.sweeps import sweeps
from batchscope.reports.serving.wording import CLOSED, OPEN, ms, per_second, size_words, with_interval
from batchscope.statistics.blocks import PASSES
from batchscope.statistics.queue_growth import ENOUGH


def closed_loops(points: pd.DataFrame) -> Iterator[str]:
    """Of each sweep: where the knee is, what more load brings, and which loads are not what was asked for."""
    for sweep in sweeps(points, CLOSED):
        found = levels(sweep, CLOSED)
        name, steady = (
            f"{size_words(sweep.points.iloc[0])}{sweep.apart}",
            [level for level in found if level.counts],
        )
        yield f"{name}: {_knee(steady)}"
        yield from (f"{name}: {_unsteady(level)}" for level in found if not level.counts)


def _knee(steady: Sequence[Level]) -> str:
    """Where it is, among loads with a steady window."""
    if (found := knee_of(steady)) is None:
        return "no knee can be told, for fewer than two loads have a steady window."
    first, at, last = (steady[place] for place in (found.first, found.last, -1))
    if first is last:
        return f"no knee up to {_at(last)}: a larger load may do more."
    if not found.passed:
        return (
            f"the knee is not settled: it is at {show_setting(first.asked)} under way at the earliest, and "
            f"there may be none up to {_at(last)}. More requests make the intervals narrower, a larger load "
            "may do more."
        )
    where = "at " if first is at else f"between {show_setting(first.asked)} and "
    gain = last.mean("steady_throughput") / at.mean("steady_throughput")
    wait = last.mean("steady_median_e2el_ms") / at.mean("steady_median_e2el_ms")
    return (
        f"the knee is {where}{_at(at)}. {show_setting(last.asked)} under way bring {gain:.2f}x of that, and "
        f"take {wait:.1f}x as long."
    )


def _at(level: Level) -> str:
    """A load with its figures: ``16 under way, with 122.6 (121.0 to 124.3) requests/s and ...``."""
    texts = f" ({per_second(level, 'steady_texts_per_s')} texts/s)" if _packed(level) else ""
    rate = f"{per_second(level, 'steady_throughput')} requests/s{texts}"
    return (
        f"{show_setting(level.asked)} under way, with {rate} and a median E2EL of "
        f"{ms(level, 'steady_median_e2el_ms')}"
    )


def _packed(level: Level) -> bool:
    return bool((level.passes["layout"] == "packed").all())


def _unsteady(level: Level) -> str:
    """What a load lacks: requests under way, or a steady window; and how many requests it needs."""
    requests, asked = counted(level.requests, "request"), f"{show_setting(level.asked)} under way"
    needed = level.enough_requests or 0
    if not level.fulfilled and level.requests >= needed:
        return f"{asked} were asked for, and {level.got:,.1f} were on the average."
    most = int(level.passes["most_under_way"].max())
    got = asked if level.fulfilled else f"{asked} were asked for, and {most:,} were at most"
    return f"{got}: {requests} are too few for a steady window; set load.requests: {needed} or more."


def open_loops(points: pd.DataFrame) -> Iterator[str]:
    """Of each sweep: up to which rate the server keeps up, and from which on requests pile up."""
    for sweep in sweeps(points, OPEN):
        name = f"{size_words(sweep.points.iloc[0])}{sweep.apart}"
        yield from (f"{name}: {sentence}" for sentence in _open_loop(levels(sweep, OPEN)))


def _open_loop(found: Sequence[Level]) -> Iterator[str]:
    yield from (_not_realised(level) for level in found if not level.fulfilled)
    verdicts = {place: level.queue.verdict for place, level in enumerate(found) if level.queue}
    piling = [place for place, verdict in verdicts.items() if verdict == "piles up"]
    first = piling[0] if piling else len(found)
    kept = [place for place, verdict in verdicts.items() if verdict == "keeps up" and place < first]
    if kept:
        yield f"{_rate(level := found[kept[-1]])} the server keeps up: {_flow(level)}; {_tail(level)}."
    for place, verdict in verdicts.items():
        if verdict == "not settled" and (kept[-1] if kept else -1) < place < first:
            yield _not_settled(found[place])
    if piling:
        yield f"{_rate(found[first])} they pile up: {_flow(found[first])}."
    elif verdicts:
        yield "no rate here is seen to be more than the server can do."
    if few := [level for place, level in enumerate(found) if place not in verdicts]:
        rates = ", ".join(show_setting(level.asked) for level in few)
        yield f"nothing can be told of {rates} requests/s: set load.requests: {ENOUGH} or more."


def _rate(level: Level) -> str:
    """The load, as it was asked for, or as it came where that is something else."""
    if level.fulfilled:
        return f"at {show_setting(level.asked)} requests/s"
    return f"at {level.got:,.1f} requests/s ({show_setting(level.asked)} asked for)"


def _flow(level: Level) -> str:
    """What came and what was finished in a second."""
    return f"{level.mean('came'):,.1f} come and {per_second(level, 'finished')} are finished in a second"


def _tail(level: Level) -> str:
    return f"P99 TTFT {ms(level, 'steady_p99_ttft_ms')}"


def _not_realised(level: Level) -> str:
    return f"{show_setting(level.asked)} requests/s were asked for, and {level.got:,.1f} came."


def _not_settled(level: Level) -> str:
    growth = with_interval(level.figure("ttft_growth"))
    return (
        f"{_rate(level)} it is not settled whether the server keeps up: {_flow(level)}, and TTFT grows "
        f"by {growth} s in each second of sending; send more than "
        f"{counted(level.requests, 'request')} (load.requests)."
    )


def passes_note(points: pd.DataFrame) -> str:
    """What the intervals are intervals of."""
    counts = [
        len(level.passes)
        for axis in (CLOSED, OPEN)
        for sweep in sweeps(points, axis)
        for level in levels(sweep, axis)
    ]
    if not counts:
        return ""
    if min(counts) >= PASSES:
        return f"Intervals in sentences: 95 %, over {min(counts)} passes or more with different seeds."
    return (
        "Intervals: 95 %, of what this one pass would give on and on, for requests that wait on each other; "
        f"they do not know what changes from pass to pass. For a claim take {PASSES} seeds: load.seed: "
        "[0, 1, 2] in the grid."
    )
