"""What could make an answer wrong, most weighty first."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from batchscope.config.configuration import Config
from batchscope.results.comparison import SPEED
from batchscope.results.frames import cell_value
from batchscope.statistics.replicates import ENOUGH_UNITS
from batchscope.statistics.spread import BETWEEN_GPUS, BETWEEN_STARTS, regime_of
from batchscope.verdict.comparing import NEAR
from batchscope.verdict.evidence import Evidence, starts_of
from batchscope.verdict.same_setting import once
from batchscope.verdict.schema import Right
from batchscope.verdict.settings import COMPARED, UNSTEADY, Judged
from batchscope.verdict.wording import listed, percent, spread_words

MOST_NAMED = 3

AT_LIMIT = 0.5
"""Share of the time at its power limit from which on a GPU's speed is what its limit allows."""

SOME_TEXTS = 1000
"""Texts below which accuracy is known to several points only."""


def doubts(use: Judged, judged: Sequence[Judged], evidence: Evidence) -> tuple[str, ...]:
    """Sentences on a setting."""
    return (
        *_toy(evidence.config),
        *_repeatable(use.row),
        *_labels(use.setting.right, use.row),
        *_texts(evidence),
        *_machine(use.row),
        *_apart_again(judged, evidence.config),
        *_comparison(judged, evidence.config),
    )


def _toy(config: Config) -> Iterator[str]:
    if is_demo(config):
        yield "The model is a toy that was trained here for a minute: the figures show how a report looks."


def is_demo(config: Config) -> bool:
    """Whether the model is the demo's."""
    return config.models[config.engine.model].source == "demo"


def _repeatable(run: "pd.Series[Any]") -> Iterator[str]:
    """What another start, and another GPU, would change."""
    regime = regime_of(run["device"], cell_value(run["utilization"]))
    starts = starts_of(run)
    if starts < ENOUGH_UNITS:
        yield (
            f"It rests on {_starts(starts)}; equal runs in two starts differ by up to "
            f"{spread_words(BETWEEN_STARTS[regime].margin)} on a machine like this."
        )
    if run["device"] != "cpu":
        yield f"It was measured on one GPU; two of a kind differ by up to {percent(BETWEEN_GPUS.margin)}."


def _starts(count: int) -> str:
    return "one engine start" if count == 1 else f"{count} engine starts"


def _labels(right: Right | None, run: "pd.Series[Any]") -> Iterator[str]:
    if right is None:
        return
    if right.by == "agreement":
        yield "Without gold labels that tell, right means as the reference run has it, which may be wrong."
    if run["texts"] < SOME_TEXTS:
        yield (
            f"Only {int(run['texts']):,} texts were tried: {right.by} is known to lie between "
            f"{percent(right.low)} and {percent(right.high)}."
        )


def _texts(evidence: Evidence) -> Iterator[str]:
    tokens = tokens_of_a_prompt(evidence.runs)
    if tokens is not None:
        yield (
            f"A prompt with one text had {tokens:,.0f} tokens on average. Longer texts take longer, about in "
            "proportion, and may change which setting is best."
        )
    if evidence.config.dataset.source == "generated":
        yield "The texts were generated: yours may be harder to label."


def tokens_of_a_prompt(runs: pd.DataFrame) -> float | None:
    """Mean tokens of a prompt with one text; None where no run has such prompts."""
    separate = runs[(runs["layout"] == "separate") & (runs["requests"] > 0)]
    if separate.empty:
        return None
    most = separate.sort_values("requests").iloc[-1]
    return float(most["prompt_tokens"] / most["requests"])


def _machine(run: "pd.Series[Any]") -> Iterator[str]:
    limited = cell_value(run["at_power_limit"])
    if limited is not None and limited > AT_LIMIT:
        yield (
            f"The GPU was at its power limit in {percent(limited, 0)} of the time; one with another limit "
            "has another speed."
        )


def _apart_again(judged: Sequence[Judged], config: Config) -> Iterator[str]:
    """How far equal settings came out apart, where that is so much that it matters."""
    by_name = {each.name: each for each in judged if each.setting.state in COMPARED}
    found = [
        (_times_apart(each, stands), each, stands)
        for each in by_name.values()
        if (stands := by_name.get(each.setting.same_as or "")) and each.row["texts"] == stands.row["texts"]
    ]
    if found and (most := max(found, key=lambda pair: pair[0]))[0] > 1 + NEAR:
        apart, each, stands = most
        asked = " and in ".join(_study_words(one.setting.study, config) for one in (stands, each))
        yield (
            f"Equal work came out {apart:.2f}x apart: {stands.setting.words} was measured in {asked}. "
            "Smaller differences may be chance."
        )


def _study_words(name: str, config: Config) -> str:
    """A study with its question."""
    study = config.active_studies.get(name)
    return f"{name} ({study.question})" if study and study.question else name


def _times_apart(run: Judged, other: Judged) -> float:
    """The faster one's speed over the other's."""
    speeds = sorted(float(each.row[SPEED]) for each in (run, other))
    return speeds[1] / speeds[0]


def _comparison(judged: Sequence[Judged], config: Config) -> Iterator[str]:
    valid = [each.row for each in judged if each.row["valid"]]
    gpus = {ids for run in valid if (ids := cell_value(run["gpu_ids"]))}
    if len(gpus) > 1:
        yield f"Runs were measured on {len(gpus)} GPUs; comparisons between two of them take their spread in."
    if config.compare_environments and len({run["fingerprint"] for run in valid}) > 1:
        yield "Runs from different environments are compared, for compare_environments is on."
    counted = [each for each in once(judged) if each.candidate]
    counts = sorted({int(each.row["texts"]) for each in counted})
    if len(counts) > 1:
        few, many = counts[0], counts[-1]
        yield f"Runs of {few:,} to {many:,} texts are compared; with few, an engine is longer partly empty."
    if unsteady := [each.setting.words for each in once(judged) if each.setting.why == UNSTEADY]:
        more = len(unsteady) - MOST_NAMED
        named = [*unsteady[:MOST_NAMED], *([f"{more} more"] if more > 0 else [])]
        yield f"Left out, for their passes stand in two states: {'; '.join(named)}."


def device_words(runs: pd.DataFrame) -> str:
    """The devices that runs were on."""
    names = runs["gpu"].fillna(runs["cpu"]).dropna().astype(str).unique()
    return listed(list(names))
