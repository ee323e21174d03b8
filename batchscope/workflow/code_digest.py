"""What code a rule's result depends on, found from imports, as one digest.

A rule that has this digest as a parameter runs again when the logic of anything that it runs changes, and not
when a comment, a docstring or a blank line does. `reached` follows imports, at the top of a module and inside
functions alike. A string that names one of our modules, such as the one behind ``python -m``, counts as an
import of it. A string that names a file of data beside the module counts as that file.
"""

import hashlib
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

from batchscope.workflow.source_reading import Source, source_of

ROOT = Path(__file__).resolve().parents[2]
OURS = ("batchscope", "scripts")
"""Top-level packages whose imports are followed; other people's packages are not."""


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
    texts = (_absolute(text, name) for text in _source(_file_of(name, root)).imports)
    found = (_module_in(text, root) for text in texts)
    return tuple(dict.fromkeys(module for module in found if module is not None))


@cache
def named_in_strings(name: str, root: Path = ROOT) -> tuple[str, ...]:
    """The modules of ours whose dotted name is a string in one module, most often because it starts them."""
    found = (_module_in(text, root) for text in _source(_file_of(name, root)).strings)
    return tuple(dict.fromkeys(_started_by(module, root) for module in found if module is not None))


def _absolute(text: str, module: str) -> str:
    """The dotted name that an import in a module means: a relative one begins with a dot for each step up."""
    below = text.lstrip(".")
    level = len(text) - len(below)
    return ".".join([*module.split(".")[:-level], below]) if level else text


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


@cache
def _source(file: Path) -> Source:
    return source_of(file)


@cache
def _logic(file: Path) -> tuple[str, ...]:
    """A hash of a module's logic, then one of each file of data beside it that it names."""
    source = _source(file)
    beside = sorted(
        name
        for name in set(source.strings)
        if name and len(name) < 100 and not name.endswith(".py") and (file.parent / name).is_file()
    )
    data = (hashlib.sha256((file.parent / name).read_bytes()).hexdigest() for name in beside)
    return (source.logic, *data)
