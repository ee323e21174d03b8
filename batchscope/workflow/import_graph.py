"""The packages of this library and who imports whom, read from the source without importing anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from batchscope.workflow.code_digest import ROOT, imported, named_in_strings

LIBRARY = "batchscope"
WORKER = "worker"
"""The package that an engine's Python runs, with all that it imports."""

Edges = dict[str, frozenset[str]]
"""From each package to those that it reaches; a package does not reach itself."""


@dataclass(frozen=True)
class Package:
    """A folder of modules. A module that lies loose in the library's root counts as a package of its own."""

    name: str
    """dotted, without ``batchscope.`` in front"""
    files: int
    lines: int


@dataclass(frozen=True)
class ImportGraph:
    """All packages of the library, and the edges between them."""

    packages: tuple[Package, ...]
    imports: Edges
    """to those that a package imports, at the top of a module or inside a function"""
    starts: Edges
    """to those that it names in a string and does not import: it starts them as processes"""
    upward: tuple[tuple[str, str], ...]
    """modules of the library with the modules of ``scripts/`` that they import or start"""
    loose: tuple[str, ...]
    """modules that lie in the library's root, outside all packages"""

    @cached_property
    def between(self) -> Edges:
        """Imports from one package into another.

        A folder and the package that contains it are not two: neither is imported without the other.
        """
        return {
            name: frozenset(other for other in others if not _one_contains_the_other(name, other))
            for name, others in self.imports.items()
        }

    @cached_property
    def loops(self) -> tuple[tuple[str, ...], ...]:
        """Groups of packages that import each other, directly or by way of others in the group."""
        reach = {name: reachable(name, self.between) for name in self.between}
        groups = {
            tuple(sorted(other for other in reach[name] if name in reach[other]))
            for name in self.between
            if name in reach[name]
        }
        return tuple(sorted(groups))

    @cached_property
    def floors(self) -> dict[str, int]:
        """The floor of each package, from 0: one above the highest that it imports.

        The packages of a loop share a floor.
        """
        floors: dict[str, int] = {}
        together = {name: group for group in self.loops for name in group}

        def floor_of(name: str) -> int:
            if name not in floors:
                group = together.get(name, (name,))
                below = set[str]().union(*(self.between[each] for each in group)) - set(group)
                floors.update(dict.fromkeys(group, 1 + max(map(floor_of, sorted(below)), default=-1)))
            return floors[name]

        return {name: floor_of(name) for name in self.between}


def reachable(name: str, edges: Mapping[str, frozenset[str]]) -> set[str]:
    """All packages that an edge or a chain of edges leads to; ``name`` itself only if it is in a loop."""
    found, waiting = set[str](), list(edges[name])
    while waiting:
        if (each := waiting.pop()) not in found:
            found.add(each)
            waiting += edges[each]
    return found


def without_shortcuts(edges: Mapping[str, frozenset[str]]) -> Edges:
    """The edges that do not follow from a chain of others, of a graph without loops: who stands on whom."""
    return {
        name: frozenset(
            each for each in below if not any(each in reachable(other, edges) for other in below - {each})
        )
        for name, below in edges.items()
    }


def read_graph(root: Path = ROOT, depth: int | None = None) -> ImportGraph:
    """Read the library in a checkout.

    Args:
        root: the checkout.
        depth: levels of folders that count as packages of their own; what lies deeper belongs to the
            package above it. 1: ``worker``, and not ``worker.engine``. None: all.
    """
    files = {_module_of(path, root): path for path in sorted((root / LIBRARY).rglob("*.py"))}
    homes = {module: _package_of(path.relative_to(root / LIBRARY), depth) for module, path in files.items()}
    homes.pop(LIBRARY, None)  # the library's own __init__.py: one docstring, in no package
    imports = {home: set[str]() for home in homes.values()}
    starts = {home: set[str]() for home in homes.values()}
    upward = []
    for module, home in homes.items():
        for found, edges in ((imported, imports), (named_in_strings, starts)):
            for other in found(module, root):
                if other in homes:
                    edges[home] |= {homes[other]} - {home}
                elif other.startswith("scripts."):
                    upward.append((module, other))
    return ImportGraph(
        packages=tuple(_size_of(home, homes, files) for home in sorted(imports)),
        imports={home: frozenset(others) for home, others in sorted(imports.items())},
        starts={home: frozenset(others - imports[home]) for home, others in sorted(starts.items())},
        upward=tuple(sorted(set(upward))),
        loose=tuple(
            module for module, path in files.items() if path.parent == root / LIBRARY and module != LIBRARY
        ),
    )


def who_runs(graph: ImportGraph) -> dict[str, str]:
    """Which Python executes each package: ``snakemake``'s, an ``engine``'s, or ``both`` in turn."""
    worker = {name for name in graph.imports if name.split(".")[0] == WORKER}
    engine = worker.union(*(reachable(name, graph.imports) for name in worker))
    rest = graph.imports.keys() - worker
    snakemake = (rest - engine).union(*(graph.imports[name] for name in rest - engine))
    return {
        name: "snakemake" if name not in engine else "both" if name in snakemake else "engine"
        for name in graph.imports
    }


def _one_contains_the_other(name: str, other: str) -> bool:
    return f"{name}.".startswith(f"{other}.") or f"{other}.".startswith(f"{name}.")


def _module_of(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _package_of(path: Path, depth: int | None) -> str:
    folders = path.parent.parts[:depth]
    return ".".join(folders) if folders else path.stem


def _size_of(package: str, homes: Mapping[str, str], files: Mapping[str, Path]) -> Package:
    texts = [files[module].read_text(encoding="utf-8") for module, home in homes.items() if home == package]
    return Package(package, len(texts), sum(len(text.splitlines()) for text in texts))
