"""Configuration files, read once more and strictly: what is wrong has a file, a line and a reason.

Snakemake reads them too. It says of a file that it is no YAML and neither where nor why, and of two
keys of one
name it takes the second without a word.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from batchscope.common.errors import UserError
from batchscope.config.reading.plain_values import DEEPEST, MOST_VALUES

MERGE = "tag:yaml.org,2002:merge"
"""The tag of ``<<``, which may stand in a mapping more than once."""


class Layer(NamedTuple):
    """A part of the configuration, as its file or the command line has it."""

    source: str
    values: Mapping[str, Any]


class _DoubledError(Exception):
    """A key of a JSON object stands there twice."""


class _Loader(yaml.SafeLoader):
    """Says of a value that there is not, such as the date 2026-02-30, where it stands.

    Written in Python: the loader in C crashes on what is nested too deeply.
    """

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """The value of a node."""
        try:
            return super().construct_object(node, deep)
        except (ValueError, LookupError, AttributeError, TypeError):
            what = f"'{str(node.value)[:40]}' looks like a date or a number and is none; put it into quotes"
            raise yaml.constructor.ConstructorError(None, None, what, node.start_mark) from None


def read_file(path: Path) -> Layer:
    """Read a configuration file, YAML or JSON.

    Raises:
        UserError: it cannot be read, is not UTF-8, is no YAML, has no keys at its top, or has a key
        twice; the
            message names the file and, where there is one, the line.
    """
    text = _text_of(path)
    values = _json_object(path, text) if path.suffix == ".json" else _yaml_mapping(path, text)
    if not isinstance(values, dict):
        raise UserError(f"{path}: holds no keys; write them as in config.yaml, such as `title: My texts`")
    return Layer(str(path), values)


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
    except IsADirectoryError:
        raise UserError(f"{path}: is a folder; name a configuration file in it") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); name a file that can be") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}, line {line}: holds bytes that are not UTF-8; save the file as UTF-8 "
            f"(from Latin-1: iconv -f latin1 -t utf-8)"
        ) from None


def _json_object(path: Path, text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_once)
    except _DoubledError as error:
        raise UserError(
            f"{path}: the key '{error}' stands twice in one object, and the first would be lost; drop "
            f"or rename one"
        ) from None
    except RecursionError:
        raise UserError(_too_deep(path)) from None
    except json.JSONDecodeError as error:
        raise UserError(f"{path}, line {error.lineno}: is no JSON: {error.msg}; correct it there") from None
    except ValueError:
        raise UserError(
            f"{path}: holds a number of more digits than can be read; write a smaller one"
        ) from None


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _DoubledError(next(key for key in keys if keys.count(key) > 1))
    return values


def _yaml_mapping(path: Path, text: str) -> Any:
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        _refuse_bombs(path, node)
        _refuse_doubled_keys(path, node)
        return loader.construct_document(node)
    except RecursionError:
        raise UserError(_too_deep(path)) from None
    except yaml.YAMLError as error:
        raise UserError(_no_yaml(path, error)) from None


def _no_yaml(path: Path, error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"{path}, line {mark.line + 1}, column {mark.column + 1}" if mark else str(path)
    reason = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    context = getattr(error, "context", None)
    tabs = "; indent with spaces, not with tabs" if "\\t" in reason else ""
    return f"{where}: is no YAML: {reason}{f' ({context})' if context else ''}{tabs}; correct it there"


def _too_deep(path: Path) -> str:
    return f"{path}: is nested too deeply; no configuration has more than {DEEPEST} levels"


def _refuse_doubled_keys(path: Path, root: yaml.Node) -> None:
    for node in _nodes(root):
        if not isinstance(node, yaml.MappingNode):
            continue
        first: dict[tuple[str, str], yaml.Node] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == MERGE:
                continue
            earlier = first.setdefault((key.tag, key.value), key)
            if earlier is not key:
                line, before = key.start_mark.line + 1, earlier.start_mark.line + 1
                raise UserError(
                    f"{path}, line {line}: the key '{key.value}' stands there again (as in line {before}), "
                    "and the first would be lost; drop or rename one"
                )


def _refuse_bombs(path: Path, root: yaml.Node) -> None:
    """Aliases of aliases: a few lines that stand for millions of values, or for themselves."""
    sizes: dict[int, int] = {}
    for node in _children_first(path, root):
        sizes[id(node)] = 1 + sum(sizes[id(child)] for child in _children(node))
        if sizes[id(node)] > MOST_VALUES:
            raise UserError(
                f"{path}, line {node.start_mark.line + 1}: aliases (*name) make more than "
                f"{MOST_VALUES:,} values "
                "of this; write out what is meant"
            )


def _children_first(path: Path, root: yaml.Node) -> Iterator[yaml.Node]:
    """Every node once, after those in it."""
    open_nodes: set[int] = set()
    done: set[int] = set()
    waiting = [(root, False)]
    while waiting:
        node, entered = waiting.pop()
        if entered:
            open_nodes.discard(id(node))
            done.add(id(node))
            yield node
        elif id(node) in open_nodes:
            raise UserError(
                f"{path}, line {node.start_mark.line + 1}: an alias (*name) stands inside what it "
                f"stands for; "
                "write out what is meant"
            )
        elif id(node) not in done:
            open_nodes.add(id(node))
            waiting.append((node, True))
            waiting += [(child, False) for child in _children(node)]


def _nodes(root: yaml.Node) -> Iterator[yaml.Node]:
    seen: set[int] = set()
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if id(node) not in seen:
            seen.add(id(node))
            yield node
            waiting += reversed(list(_children(node)))


def _children(node: yaml.Node) -> Iterable[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [each for pair in node.value for each in pair]
    return node.value if isinstance(node, yaml.SequenceNode) else []
