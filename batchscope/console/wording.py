"""The console's sentences."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

STATUSES = {
    "oom": "out of memory",
    "died": "the engine died",
    "timeout": "took too long",
    "refused": "not accepted by the engine",
    "broke": "the engine did not start",
}


def counted(number: int, noun: str) -> str:
    """A number of things: ``1 run``, ``2 runs``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """Rounded as people say it: ``40 s``, ``4 min``, ``1 h 20 min``."""
    if seconds < 90:
        return f"{max(round(seconds / 5) * 5, 5)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def clock(seconds: float) -> str:
    """How long something has been under way: ``0:42``, ``1:02:03``."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def beginning(runs: int, engines: int, others: int, seconds: float) -> str:
    """What a call is about to do."""
    if not runs:
        return f"{counted(others, 'step')}, nothing to measure"
    steps = f"; {counted(others, 'other step')}" if others else ""
    starts = counted(engines, "engine start")
    return f"{counted(runs, 'run')} to measure with {starts}{steps}: about {duration(seconds)}"


def measured(measurement: Mapping[str, Any]) -> str:
    """What came out of a run, from its measurement.json."""
    if (status := measurement["status"]) != "ok":
        first = str(measurement["message"]).partition("\n")[0]
        return f"{STATUSES.get(status, status)}: {first}"
    repeats = measurement["repeats"]
    rates = [(each["prompt_tokens"] + each["output_tokens"]) / each["seconds"] for each in repeats]
    width = (measurement.get("stopped") or {}).get("half_width")
    parts = [f"{median(rates):,.0f} tok/s" + ("" if width is None else f" ±{100 * width:.2g} %")]
    if len(repeats) > 1 or "client" not in measurement:
        parts.append(counted(len(repeats), "repeat"))
    else:
        parts.append(f"{repeats[0]['requests'] / repeats[0]['seconds']:,.1f} requests/s")
    if measurement["invalid"]:
        parts.append("invalid: " + ", ".join(each["code"] for each in measurement["invalid"]))
    return "  ".join(parts)


def place(done: int, runs: int, seconds: float) -> str:
    """How far the call is."""
    return f"[{done}/{runs}, {duration(seconds)} left]" if done < runs else f"[{done}/{runs}]"


def stopped(done: int, runs: int) -> str:
    """After Ctrl-C: what is kept and how to go on."""
    if not runs:
        return "Stopped. What was finished is kept; the same call goes on from there."
    if not done:
        return f"Stopped before any of {counted(runs, 'run')} was measured; the same call goes on from here."
    kept = f"{done} of {counted(runs, 'run')} {'is' if done == 1 else 'are'} measured and kept"
    return f"Stopped: {kept}; the same call goes on with the other {runs - done}."


def nothing_to_do(runs: int, summary: str) -> list[str]:
    """All is up to date."""
    lines = ["Nothing to do: all that was asked for is up to date."]
    if Path(summary).exists():
        lines.append(f"Answers of {counted(runs, 'run')}: {summary}")
    return lines
