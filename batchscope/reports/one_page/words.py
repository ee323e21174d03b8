"""Figures of the verdict in words, as the page shows them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from batchscope.reporting.numbers import counted, three_digits

Values = Mapping[str, Any]
"""An object of verdict.json."""

MODEL = re.compile(r"^((?:# .*\n)*)MODEL = (.+)$", re.MULTILINE)
"""With what a script says of its model, in lines above it."""

LLM_CALL = re.compile(r"LLM\(.*?\)$", re.DOTALL | re.MULTILINE)

NOTHING = "Nothing is recommended: "
"""How a verdict begins that recommends nothing."""

MINUTE, HOUR, DAY = 60.0, 3600.0, 48 * 3600.0
"""Seconds from which a duration is told in minutes, hours, days."""


def show_speed(value: float | None) -> str:
    """Texts per second, with three digits; empty where unknown."""
    return "" if value is None else three_digits(value)


def show_percent(share: float | None) -> str:
    """A share in percent without the sign; empty where unknown."""
    return "" if share is None else f"{100 * share:.1f}"


def show_range(found: Values | None, show: Any = show_speed) -> str:
    """``790 to 834``; empty where no interval is known."""
    if not found or found.get("low") is None or found.get("high") is None:
        return ""
    low, high = show(found["low"]), show(found["high"])
    if low == high:
        return str(low)
    number, _, unit = low.partition(" ")
    return f"{number if unit and high.endswith(f' {unit}') else low} to {high}"


def show_seconds(seconds: float | None) -> str:
    """A duration in the unit that people use: ``41 seconds``, ``20 minutes``, ``3.4 hours``, ``12 days``."""
    if seconds is None:
        return ""
    for least, unit, name in ((DAY, 86400.0, "days"), (HOUR, HOUR, "hours"), (MINUTE, MINUTE, "minutes")):
        if seconds >= least:
            return _counted(seconds / unit, name)
    return _counted(seconds, "seconds")


def _counted(value: float, name: str) -> str:
    text = f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}"
    return f"{text.removesuffix('.0')} {name[:-1] if text in ('1', '1.0') else name}"


def show_hours(hours: float | None) -> str:
    """As `show_seconds`."""
    return "" if hours is None else show_seconds(hours * 3600)


def show_hours_range(found: Values) -> str:
    """The interval of hours, each end as `show_hours` has it."""
    return show_range(found, show_hours)


def show_ratio(ratio: float) -> str:
    """A ratio of speeds, with three digits at most."""
    return f"{ratio:.2f}" if ratio < 9.95 else f"{ratio:,.0f}"


def show_gain_range(gain: Values) -> str:
    """The interval of a gain, and why it may not come out again."""
    if gain["low"] is None or gain["high"] is None:
        return "with too few steady repeats to tell more"
    ends = f"{show_ratio(gain['low'])} to {show_ratio(gain['high'])}"
    return ends if gain["conclusive"] else f"{ends}, not conclusive, as {gain['why']}"


def lead_of(sentence: str, words: str | None = None) -> tuple[str, str]:
    """A verdict's first sentence, and the others; without what the heading says.

    Args:
        sentence: the whole verdict.
        words: the setting to use; None: nothing is recommended.
    """
    first, stop, rest = sentence.removeprefix(f"Use {words}: " if words else NOTHING).partition(". ")
    return f"{first[:1].upper()}{first[1:]}{'.' if stop else ''}", rest


def reason_of(sentence: str) -> str:
    """Why nothing is recommended."""
    return lead_of(sentence)[0]


def show_money(value: float | None) -> str:
    """An amount with as many decimals as matter; empty where no price is known."""
    if value is None:
        return ""
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def engine_of(python: str) -> str:
    """The call that starts the engine, of a whole script, below what that says of its model.

    The script itself where there is no such call.
    """
    found = LLM_CALL.search(python)
    if not found:
        return python
    lines = [line.strip() for line in found[0].splitlines()]
    comments: list[str] = []
    if model := MODEL.search(python):
        comments = model[1].splitlines()
        lines = [line.replace("model=MODEL", f"model={model[2]}") for line in lines]
    inside = [f"    {line}" for line in lines[1:-1]]
    return "\n".join(["from vllm import LLM", "", *comments, f"llm = {lines[0]}", *inside, *lines[1:][-1:]])


def study_words(name: str, questions: Mapping[str, str]) -> str:
    """A study as its heading has it: ``packing: Is it faster to send n prompts?``."""
    question = questions.get(name)
    return f"{name}: {question}" if question else name


def by_study(settings: Sequence[Values], questions: Mapping[str, str]) -> dict[str, list[Values]]:
    """Settings by their study, as its heading has it."""
    found: dict[str, list[Values]] = {}
    for each in settings:
        found.setdefault(study_words(each["study"], questions), []).append(each)
    return found


def setting_in_words(setting: Values) -> str:
    """All that the chart knows of a setting, in one line."""
    parts = [f"{show_speed(setting['speed']['value'])} texts/s" if setting["speed"] else "no speed"]
    if spread := show_range(setting["speed"]):
        parts[0] += f" ({spread})"
    if right := setting["right"]:
        spread = show_range(right, show_percent)
        parts.append(f"{right['by']} {show_percent(right['value'])} %" + (f" ({spread})" if spread else ""))
    state = f"{setting['state']}: {setting['why']}" if setting["why"] else setting["state"]
    again = [f"measured in {counted(len(setting['also']), 'further run')}"] if setting["also"] else []
    return "; ".join([f"{setting['words']}: {', '.join(parts)}", state, *again])
