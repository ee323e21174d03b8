"""The questions of "does it matter?": which columns each is about, and which pairs of runs answer it."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from batchscope.results.frames import cell_value
from batchscope.verdict.same_setting import key_of
from batchscope.verdict.settings import Judged

Pair = tuple[Judged, Judged]
"""A run, and the one that it is held against, which differs from it in a topic's columns alone."""


@dataclass(frozen=True)
class Topic:
    """One question."""

    id: str
    question: str
    columns: tuple[str, ...]
    """what it is about"""
    usual: Mapping[str, Any]
    """values of the run that others are held against; a column without one has the first run's"""
    usual_words: str = ""
    """what is said of the run that others are held against, as its own words leave out what is usual"""
    follows: tuple[str, ...] = ()
    """columns that change with these"""


PREFIX_CACHING = "engine.enable_prefix_caching"

TOPICS = (
    Topic("packing", "How many texts in one prompt?", ("layout", "n"), {"layout": "separate"}),
    Topic(
        "cache",
        "Does the prefix cache help?",
        ("reuse",),
        {"reuse": "none"},
        "prefix cache off",
        (PREFIX_CACHING, "duplicates"),
    ),
    Topic(
        "instruction",
        "Should the instruction stand first?",
        ("instruction",),
        {"instruction": "last"},
        "instruction last",
    ),
    Topic(
        "batch_limits",
        "Do limits of a step (tokens, requests) matter?",
        ("engine.max_num_batched_tokens", "engine.max_num_seqs"),
        {},
    ),
    Topic(
        "answer",
        "Does the form of the answer matter?",
        ("answer",),
        {"answer": "free"},
        "free answers",
        ("output_tokens_per_text",),
    ),
    Topic(
        "precision",
        "Does lower precision pay?",
        ("engine.dtype", "engine.quantization", "engine.kv_cache_dtype"),
        {},
    ),
)


def pairs_of(topic: Topic, judged: Sequence[Judged], usual: Mapping[str, Any]) -> list[Pair]:
    """The pairs that answer a question: valid, steady, and alike but for the topic's columns.

    Runs that are compared with no other, such as those that send prompts several times, are asked only where
    no others tell.

    Args:
        topic: the question.
        judged: all runs.
        usual: engine arguments of every run, by column.
    """
    counted = [
        each
        for each in judged
        if each.setting.state not in ("failed", "invalid") and not each.row["unsteady"]
    ]
    compared = [each for each in counted if each.setting.state != "not comparable"]
    return _all_pairs(topic, compared, usual) or _all_pairs(topic, counted, usual)


def _all_pairs(topic: Topic, asked: Sequence[Judged], usual: Mapping[str, Any]) -> list[Pair]:
    groups: dict[Hashable, list[Judged]] = {}
    for each in asked:
        groups.setdefault(_key(each.row, topic), []).append(each)
    return [pair for group in groups.values() for pair in _pairs(group, topic, {**usual, **topic.usual})]


def _pairs(group: Sequence[Judged], topic: Topic, usual: Mapping[str, Any]) -> Iterator[Pair]:
    """Each run with the usual one, of its own study where there is one."""
    first = group[0].row
    wanted = {
        name: usual.get(name, _value(first, name)) for name in topic.columns if name in usual or name in first
    }
    wanted = {name: value for name, value in wanted.items() if name != "n"}
    bases = [each for each in group if all(_value(each.row, name) == value for name, value in wanted.items())]
    if not bases:
        bases = [group[0]]
    for each in group:
        base = next((other for other in bases if other.setting.study == each.setting.study), bases[0])
        if _values(each.row, topic) != _values(base.row, topic):
            yield each, base


def _values(run: "pd.Series[Any]", topic: Topic) -> tuple[Any, ...]:
    """The topic's columns; a separate prompt has one text, whatever its n."""
    return tuple(
        1 if name == "n" and run["layout"] == "separate" else _value(run, name) for name in topic.columns
    )


def _key(run: "pd.Series[Any]", topic: Topic) -> Hashable:
    """All that must be alike."""
    return key_of(run, without=[*topic.columns, *topic.follows])


def _value(run: "pd.Series[Any]", name: str) -> Any:
    return cell_value(run.get(name))
