"""Whether a run was measured as the configuration asks: all that decides a measurement, key by key."""

from collections.abc import Iterator, Mapping
from typing import Any

from batchscope.results.records import Spec

ABSENT = "not set"
COMPUTED = ("half_width_factors",)
"""Keys of ``measure`` that follow from the others."""

ON_THE_HUB = ("id", "revision")
"""Keys of ``model`` that a model of another source may have from an overlay below, and that nothing reads."""


def difference(measured: Spec, asked: Spec) -> str:
    """The first key that differs, in words; empty where none does.

    The hub's id and revision count for a model of the hub alone. Versions are not compared: no configuration
    has them. Of how it was measured (``measure``, ``load``) those keys count that both have, for keys are
    added in later versions. A run that is to fit took as many texts as there was room for.
    """
    ours, theirs = _comparable(measured), _comparable(asked)
    if theirs["workload"].get("fit"):
        _forget_fitted(ours["workload"], theirs["workload"])
    for key, found, wanted in _unlike(ours, theirs):
        return f"measured with {key} {_word(found)}, and the configuration has {_word(wanted)}"
    return ""


def _comparable(spec: Spec) -> dict[str, Any]:
    values = spec.model_dump(exclude={"versions"})
    for key in COMPUTED:
        values["measure"].pop(key, None)
    if values["model"]["source"] != "hub":
        for key in ON_THE_HUB:
            del values["model"][key]
    return values


def _forget_fitted(*workloads: dict[str, Any]) -> None:
    for workload in workloads:
        workload.pop("fit")
        workload.pop("texts")


SHARED_ONLY = ("measure", "load")


def _unlike(
    ours: Mapping[str, Any], theirs: Mapping[str, Any], above: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """Each key with another value, by its path, and the two values."""
    for key in dict.fromkeys([*ours, *theirs]):
        found, wanted = ours.get(key, ABSENT), theirs.get(key, ABSENT)
        if above.rstrip(".") in SHARED_ONLY and ABSENT in (found, wanted):
            continue
        if isinstance(found, Mapping) and isinstance(wanted, Mapping):
            yield from _unlike(found, wanted, f"{above}{key}.")
        elif found != wanted:
            yield f"{above}{key}", found, wanted


def _word(value: Any) -> str:
    return str(value) if value is ABSENT else repr(value)
