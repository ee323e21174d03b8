"""What one module's source says: its logic, the imports in it, and its strings.

Reading a module's syntax takes long, and every call of Snakemake reads hundreds. What was found stays beside
the module's bytecode, and counts as long as the module and this file are the same.
"""

import ast
import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import read_json, replacing
from batchscope.common.errors import UserError

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


@dataclass(frozen=True)
class Source:
    """What one module says, without docstrings and other strings that nothing uses."""

    logic: str
    """hash of its syntax tree, the same in all versions of Python: fields that are empty are left out"""
    imports: list[str]
    """dotted names that it imports, anywhere in it; a relative one begins with its dots"""
    strings: list[str]


def source_of(file: Path) -> Source:
    """One module, read now or before."""
    content = file.read_bytes()
    key = hashlib.sha256(_own_source() + content).hexdigest()
    kept = file.parent / "__pycache__" / f"{file.stem}.logic.json"
    before = read_json(kept)
    if before and before.get("key") == key:
        return Source(**before["source"])
    source = parsed(content.decode("utf-8"), str(file))
    if not sys.dont_write_bytecode:
        with suppress(UserError), replacing(kept) as path:
            path.write_text(json.dumps({"key": key, "source": asdict(source)}), encoding="utf-8")
    return source


@cache
def _own_source() -> bytes:
    return Path(__file__).read_bytes()


def parsed(text: str, name: str) -> Source:
    """What a module's text says; ``name`` is told where it is no Python."""
    logic: list[str] = []
    imports: list[str] = []
    strings: list[str] = []
    _read(ast.parse(text, name), logic, imports, strings)
    found = hashlib.sha256("".join(logic).encode()).hexdigest()
    return Source(found, list(dict.fromkeys(imports)), list(dict.fromkeys(strings)))


def _read(node: Any, text: list[str], imports: list[str], strings: list[str]) -> None:
    """Add a part of a syntax tree: its text, and the imports and strings in it."""
    if isinstance(node, ast.AST):
        imports += _imports(node)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
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


def _imports(node: ast.AST) -> Iterator[str]:
    """Names that an import statement brings in; none for any other node."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = f"{node.module}." if node.module else ""
        yield from (f"{'.' * node.level}{base}{alias.name}" for alias in node.names)


def _fields(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """The fields of a node that say something."""
    for field in node._fields:
        value = None if field in SKIPPED else getattr(node, field, None)
        if field == "body" and isinstance(value, list):
            value = [each for each in value if not _is_bare_string(each)]
        if value is not None and value != []:
            yield field, value


def _is_bare_string(node: Any) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
