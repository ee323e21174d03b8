"""First names of the configuration's keys: what labels a text was once made for reviews alone.

A configuration that has one is refused, with today's name. What was measured under one is still read: its
files keep the names of their day, and are renamed here while they are read.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import reduce
from typing import Any

KEYS = {
    "workload.reviews": "workload.texts",
    "workload.output_tokens_per_review": "workload.output_tokens_per_text",
    "dataset.generated.reviews": "dataset.generated.texts",
    "dataset.csv.review_column": "dataset.csv.text_column",
}
"""Paths of keys, older and today's."""

WORKLOAD = {
    older.rpartition(".")[2]: today.rpartition(".")[2]
    for older, today in KEYS.items()
    if older.startswith("workload.")
}
"""Those of the block 'workload' without its name, as studies and measurements have them."""

COLUMNS = {"review_id": "text_id"}
"""Columns of tables."""

TEXT_IDS = "review_ids"
"""Field of prompts.jsonl, today ``text_ids``."""


def refusal(older: str, today: str) -> str:
    """What a user is told who writes an older name."""
    return f"{older} is called {today} now; rename it"


def workload_today(workload: Any) -> Any:
    """A workload as a measurement has it, under today's names."""
    return _renamed(workload, WORKLOAD) if isinstance(workload, Mapping) else workload


def configuration_today(values: Mapping[str, Any]) -> dict[str, Any]:
    """A whole configuration that was kept beside measurements, under today's names."""
    today: dict[str, Any] = deepcopy(dict(values))
    for path, new in KEYS.items():
        *blocks, key = path.split(".")
        block: dict[str, Any] = reduce(lambda at, name: at.get(name) or {}, blocks, today)
        _rename(block, {key: new.rpartition(".")[2]})
    for point in _points(today):
        _rename(point, WORKLOAD)
    return today


def _points(configuration: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Whatever in its studies has keys of a workload."""
    for holder in (configuration, configuration.get("serving") or {}):
        for study in filter(None, (holder.get("studies") or {}).values()):
            yield from (study[block] for block in ("set", "grid") if study.get(block))
            yield from study.get("include") or ()
            for override in study.get("overrides") or ():
                yield from (override["when"], override["set"])


def _rename(block: dict[str, Any], names: Mapping[str, str]) -> None:
    renamed = _renamed(block, names)
    block.clear()
    block.update(renamed)


def _renamed(block: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {names.get(key, key): value for key, value in block.items()}
