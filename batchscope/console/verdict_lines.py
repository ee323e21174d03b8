"""The verdict in ten lines."""

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

MOST = 10
WIDTH = 110

Answer = Mapping[str, Any]
"""``offline`` or ``server`` of verdict.json."""


def verdict_lines(verdict: Mapping[str, Any]) -> list[str]:
    """What verdict.json says, at most `MOST` lines.

    What it advises and what that rests on come first; what is next is left out where there is no room.
    """
    toy = ["A toy model on a CPU: shows how a report looks, not what to do."] if verdict["demo"] else []
    offline, server = verdict["offline"], verdict["server"]
    last = list(_next(offline))
    first = [*_wrapped(offline["sentence"], 3), *_facts(offline)]
    first += _wrapped(f"Server: {server['sentence']}", 2) if server else []
    return [*toy, *first, *last][:MOST]


def _facts(answer: Answer) -> Iterator[str]:
    """How sure it is, how long a million texts take, and, if that is known, what limits it."""
    rests, took, limit = answer["rests_on"], answer["per_million"], answer["limited_by"]
    if rests:
        sure = "" if answer["sure"]["level"] == "none" else f" {answer['sure']['words']}"
        yield from _wrapped(f"Rests on: {rests['words']}.{sure}", 2)
    if took:
        yield _wrapped(f"A million texts: {_cost(took)}.", 1)[0]
    if limit and limit["what"] != "unknown":
        yield from _wrapped(f"Limited by: {limit['words']}", 1)


def _cost(took: Mapping[str, Any]) -> str:
    hours = took["hours"]
    time = f"{60 * hours:.1f} minutes" if hours < 1 else f"{hours:.1f} hours"
    return time if took["money"] is None else f"{time}, {took['money']:,.2f} for GPUs"


def _next(answer: Answer) -> Iterator[str]:
    """The first thing to do next, with its command."""
    for step in answer["next"][:1]:
        command = f" {step['command']}" if step["command"] else ""
        yield from _wrapped(f"Next: {step['words']}{command}", 2)


def _wrapped(text: str, lines: int) -> list[str]:
    """A text in so many lines at most."""
    return textwrap.wrap(
        text, WIDTH, max_lines=lines, placeholder=" ...", break_long_words=False, break_on_hyphens=False
    )
