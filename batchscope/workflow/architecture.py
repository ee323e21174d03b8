"""What docs/architecture.svg shows, as data, and whether the committed picture still shows it."""

from collections.abc import Mapping
from typing import Any

from batchscope.workflow.import_graph import ImportGraph, who_runs, without_shortcuts

TOLERANCE = 0.2
"""A package may grow or shrink by this share of its lines before the picture counts as out of date."""

Description = dict[str, dict[str, Any]]
"""For each package: ``floor``, ``runs`` (see `who_runs`), ``imports``, ``starts``, ``files``, ``lines``, and
``parts``, the folders inside it."""


def describe(graph: ImportGraph, parts: Mapping[str, list[str]]) -> Description:
    """The picture's content.

    Args:
        graph: packages of the library's root, as ``read_graph(depth=1)`` gives them.
        parts: folders inside each package.
    """
    runs = who_runs(graph)
    return {
        package.name: {
            "floor": graph.floors[package.name],
            "runs": runs[package.name],
            "imports": sorted(graph.imports[package.name]),
            "starts": sorted(graph.starts[package.name]),
            "files": package.files,
            "lines": package.lines,
            "parts": sorted(parts.get(package.name, [])),
        }
        for package in graph.packages
    }


def parts_of(graph: ImportGraph) -> dict[str, list[str]]:
    """Folders inside each package of the library's root; ``graph`` has all levels."""
    parts: dict[str, list[str]] = {}
    for name in graph.imports:
        top, _, below = name.partition(".")
        if below:
            parts.setdefault(top, []).append(below.rpartition(".")[2])
    return parts


def arrows(description: Description) -> list[tuple[str, str, bool]]:
    """From, to, and whether it starts the other as a process; those that follow from others are left out."""
    edges = {name: frozenset(each["imports"] + each["starts"]) for name, each in description.items()}
    return [
        (name, other, other in description[name]["starts"])
        for name, others in sorted(without_shortcuts(edges).items())
        for other in sorted(others)
    ]


def differences(drawn: Description, current: Description) -> list[str]:
    """What makes a picture out of date, in words; empty where it is not.

    Numbers of files and lines may drift by `TOLERANCE`, so that not every commit needs a new picture.
    """
    found = [f"{name} is new" for name in sorted(current.keys() - drawn.keys())]
    found += [f"{name} is gone" for name in sorted(drawn.keys() - current.keys())]
    for name in sorted(drawn.keys() & current.keys()):
        before, now = drawn[name], current[name]
        found += [
            f"{name}: {key} {_in_words(before[key])}, now {_in_words(now[key])}"
            for key in ("floor", "runs", "imports", "starts", "parts")
            if before[key] != now[key]
        ]
        found += [
            f"{name}: {before[key]} {key}, now {now[key]}"
            for key in ("files", "lines")
            if abs(before[key] - now[key]) > TOLERANCE * max(before[key], 5)
        ]
    return found


def _in_words(value: Any) -> str:
    return ", ".join(value) or "none" if isinstance(value, list) else str(value)
