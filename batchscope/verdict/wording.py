"""Settings, speeds and shares in words that need no explanation."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from batchscope.config.configuration import Config
from batchscope.config.engine import EngineArguments
from batchscope.reporting.numbers import counted, show_interval
from batchscope.reporting.wording import show_setting
from batchscope.results.frames import cell_value
from batchscope.statistics.intervals import Interval

ANSWERS = {
    "free": "free answers",
    "labels": "only labels allowed",
    "codes": "a code for each label",
    "json": "answers as JSON",
}

CACHE = {"none": "", "text": "prefix cache for the texts", "full": "prefix cache on"}

FOLLOWS = ("environment", "enable_prefix_caching", "seed", "variables")
"""Engine settings that say where a run ran, or that other words say."""


def setting_words(run: "pd.Series[Any]", config: Config) -> str:
    """A setting: ``4 texts in one prompt, only labels allowed``.

    Engine arguments that every run has by the configuration go without saying.
    """
    parts = [
        layout_words(run),
        *_answer_words(run, config.workload.confidence),
        *_prompt_words(run),
        *_engine_words(run, config.engine.args),
    ]
    return ", ".join(filter(None, parts))


def layout_words(run: "pd.Series[Any]") -> str:
    """How its texts are put into prompts."""
    if run["layout"] == "separate":
        return "1 text per prompt"
    return f"{counted(int(run['n']), 'text')} in one prompt"


def _answer_words(run: "pd.Series[Any]", confidence: bool) -> list[str]:
    """``confidence``: whether runs record it, unless they are told otherwise."""
    form = cell_value(run.get("answer")) or "free"
    return [
        "" if form == "free" else ANSWERS[form],
        "numbered" if _is(run, "numbered") and run["layout"] == "packed" else "",
        "" if _is(run, "confidence") == confidence else f"{'without' if confidence else 'with'} confidences",
    ]


def _prompt_words(run: "pd.Series[Any]") -> list[str]:
    tokens = cell_value(run.get("text_tokens"))
    return [
        "instruction first" if cell_value(run.get("instruction")) == "first" else "",
        CACHE.get(str(cell_value(run.get("reuse"))), ""),
        f"texts cut to {tokens:,} tokens" if tokens else "",
        f"each prompt {int(run['duplicates'])} times" if run["duplicates"] > 1 else "",
    ]


def _engine_words(run: "pd.Series[Any]", usual: EngineArguments) -> list[str]:
    """Engine settings that are not those of every run."""
    common = usual.as_vllm()
    names = [name for name in run.index if name.startswith("engine.") and name.split(".")[1] not in FOLLOWS]
    asked = {name.removeprefix("engine."): cell_value(run[name]) for name in names}
    words = [f"{key}={_plain(value)}" for key, value in asked.items() if value != common.get(key)]
    return [*words, *_variable_words(run)]


def _variable_words(run: "pd.Series[Any]") -> list[str]:
    names = [name for name in run.index if name.startswith("engine.variables.")]
    return [f"{name.rpartition('.')[2]}={run[name]}" for name in names if cell_value(run[name]) is not None]


def _plain(value: object) -> str:
    return show_setting(value).replace(",", "")


def _is(run: "pd.Series[Any]", name: str) -> bool:
    return bool(cell_value(run.get(name)))


def rate(value: float) -> str:
    """Texts a second."""
    return f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"


def percent(share: float, digits: int = 1) -> str:
    """A share."""
    return f"{100 * share:.{digits}f} %"


def spread_words(share: float) -> str:
    """A spread, with a decimal where it is small: ``1.4 %``, ``30 %``."""
    return percent(share, 1 if share < 0.1 else 0)


def points(share: float) -> str:
    """A difference of shares: ``1 point``, ``0.4 points``."""
    text = f"{100 * share:.1f}".removesuffix(".0")
    return f"{text} point{'' if text == '1' else 's'}"


def times(found: Interval) -> str:
    """A ratio with its interval: ``2.1x (1.9x to 2.3x)``."""
    middle, low, high = show_interval(found)
    return f"{middle} ({low} to {high})"


def duration(hours: float) -> str:
    """Hours as people say them."""
    if hours < 1 / 60:
        return f"{3600 * hours:.0f} s"
    if hours < 1:
        return f"{60 * hours:.0f} minutes"
    if hours < 48:
        return f"{hours:.1f} hours"
    return f"{hours / 24:.1f} days"


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def started(sentence: str) -> str:
    """With a capital."""
    return sentence[:1].upper() + sentence[1:]
