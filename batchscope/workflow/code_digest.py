"""What code a rule's result depends on, found from imports, as one digest.

A rule that has this digest as a parameter runs again when the logic of anything that it runs changes, and not
when a comment, a docstring or a blank line does. `reached` follows imports, at the top of a module and inside
functions alike. A string that names one of our modules, such as the one behind ``python -m``, counts as an
import of it. A string that names a file of data beside the module counts as that file.
"""

import ast
import hashlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
OURS = ("batchscope", "scripts")
"""Top-level packages whose imports are followed; other people's packages are not."""

SKIPPED = {
    "lineno",
    "col_offset",
    "end_lineno",
    "end_col_offset",
    "kind",
    "type_comment",
    "type_ignores",
    "ctx",
}
"""Fields of a syntax tree that hold no logic."""


def digest_of(entries: Iterable[str], without: Collection[str] = (), root: Path = ROOT) -> str:
    """Sixteen hexadecimal digits that change with the logic of some modules, or of any that they import.

    Args:
        entries: modules by dotted name, such as ``scripts.make_prompts``.
        without: modules or packages that are left out: what they decide is a parameter already.
        root: the folder that holds our packages.

    Raises:
        ModuleNotFoundError: an entry is no module of ours.
    """
    found = hashlib.sha256()
    for name in reached(entries, without, root):
        for part in (name, *_logic(_file_of(name, root))):
            found.update(part.encode())
            found.update(b"\0")
    return found.hexdigest()[:16]


def code_text(entries: Iterable[str], without: Collection[str] = ()) -> str:
    """The digest as the parameter of a rule: Snakemake shows it where it says why a job runs again."""
    return f"code {digest_of(entries, without)}"


def reached(entries: Iterable[str], without: Collection[str] = (), root: Path = ROOT) -> list[str]:
    """All modules that the entries import, themselves included, by name; see `digest_of`."""
    waiting, found = list(entries), set[str]()
    while waiting:
        name = waiting.pop()
        if name in found or _is_below(name, without):
            continue
        found.add(name)
        waiting += [each for each in mentioned(name, root) if each not in found]
    return sorted(found)


def mentioned(name: str, root: Path = ROOT) -> tuple[str, ...]:
    """The modules of ours that one module imports or names in a string."""
    return tuple(dict.fromkeys((*imported(name, root), *named_in_strings(name, root))))


@cache
def imported(name: str, root: Path = ROOT) -> tuple[str, ...]:
    """The modules of ours that one module imports, anywhere in it."""
    statements = _source(_file_of(name, root)).imports
    found = (_module_in(text, root) for each in statements for text in _imports(each, name))
    return tuple(dict.fromkeys(module for module in found if module is not None))


@cache
def named_in_strings(name: str, root: Path = ROOT) -> tuple[str, ...]:
    """The modules of ours whose dotted name is a string in one module, most often because it starts them."""
    found = (_module_in(text, root) for text in _source(_file_of(name, root)).strings)
    return tuple(dict.fromkeys(_started_by(module, root) for module in found if module is not None))


def _imports(node: ast.AST, module: str) -> Iterator[str]:
    """Dotted names that an import statement of ``module`` brings in; none for any other node."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = node.module or ""
        if node.level:
            above = module.split(".")[: -node.level]
            base = ".".join([*above, base] if base else above)
        yield from (f"{base}.{alias.name}" for alias in node.names)


@cache
def _module_in(text: str, root: Path) -> str | None:
    """The module that a dotted name is, or that defines what it names; None if it is none of ours."""
    parts = text.split(".")
    if parts[0] not in OURS or not all(part.isidentifier() for part in parts):
        return None
    for length in range(len(parts), 1, -1):
        name = ".".join(parts[:length])
        if _is_module(name, root):
            return name
    return None


def _started_by(name: str, root: Path) -> str:
    """The module that ``python -m`` runs under a name: for a package its ``__main__``."""
    main = f"{name}.__main__"
    return main if _is_module(main, root) else name


def _is_below(name: str, packages: Collection[str]) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def _is_module(name: str, root: Path) -> bool:
    path = root.joinpath(*name.split("."))
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@cache
def _file_of(name: str, root: Path) -> Path:
    path = root.joinpath(*name.split("."))
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if file.is_file():
            return file
    raise ModuleNotFoundError(f"{name} is no module below {root}")


@dataclass(frozen=True)
class _Source:
    """What one module says, without docstrings and other strings that nothing uses."""

    logic: str
    """its syntax tree as text, the same in all versions of Python: fields that are empty are left out"""
    imports: tuple[ast.AST, ...]
    strings: tuple[str, ...]


@cache
def _source(file: Path) -> _Source:
    """One module, read in one pass: every call of Snakemake reads hundreds."""
    text: list[str] = []
    imports: list[ast.AST] = []
    strings: list[str] = []
    _read(ast.parse(file.read_text(encoding="utf-8"), str(file)), text, imports, strings)
    return _Source("".join(text), tuple(imports), tuple(strings))


def _is_bare_string(node: Any) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


@cache
def _logic(file: Path) -> tuple[str, ...]:
    """A module's logic as text, then a hash of each file of data beside it that it names."""
    source = _source(file)
    beside = sorted(
        name
        for name in set(source.strings)
        if name and len(name) < 100 and not name.endswith(".py") and (file.parent / name).is_file()
    )
    data = (hashlib.sha256((file.parent / name).read_bytes()).hexdigest() for name in beside)
    return (source.logic, *data)


def _read(node: Any, text: list[str], imports: list[ast.AST], strings: list[str]) -> None:
    """Add a part of a syntax tree: its text, and the import statements and strings in it."""
    if isinstance(node, ast.AST):
        if isinstance(node, ast.Import | ast.ImportFrom):
            imports.append(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.append(node.value)
        text.append(f"({type(node).__name__}")
        for field, value in _fields(node):
            text.append(f" {field}=")
            _read(value, text, imports, strings)
        text.append(")")
    elif isinstance(node, list):
        text.append("[")
        for each in node:
            _read(each, text, imports, strings)
        text.append("]")
    else:
        text.append(repr(node))


def _fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """The fields of a node that say something."""
    for field in node._fields:
        value = None if field in SKIPPED else getattr(node, field, None)
        if field == "body" and isinstance(value, list):
            value = [each for each in value if not _is_bare_string(each)]
        if value is not None and value != []:
            yield field, value
