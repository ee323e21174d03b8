"""config.yaml, which shows and explains every key, and the JSON schema: both written from the models.

Values in config.yaml are the user's to edit. `outdated` says whether its keys and comments are still those
of the models, whatever the values.
"""

import json
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Annotated, Any, Union, get_args, get_origin

import yaml

from batchscope.common.errors import UserError
from batchscope.config.base_block import Block
from batchscope.config.configuration import Config

HEADER = """\
Every key of the configuration, explained. Edit values as you like: `make lint` checks keys and comments.
`make config` writes this file from the models in batchscope/config/, and puts their defaults for all values.
This default runs anywhere, on CPU, in minutes, with nothing to download. Lay an overlay over it with
`snakemake --configfile configs/hermes-8b.yaml`, or change single values with
`--config "measure={repeats: 5}"`. null keeps vLLM's own default, or drops an entry.
yaml-language-server: $schema=config.schema.json
"""
WIDTH = 105
"""Most characters in a line of comment, its indentation and ``#`` included."""

Path = tuple[str, ...]


@dataclass(frozen=True)
class Key:
    """A key as config.yaml shows it: its place, the lines of comment above it, and its value."""

    path: Path
    comment: list[str]
    value: Any


def documented_yaml(config: Config) -> str:
    """A configuration with all its keys, a comment above each."""
    lines = _as_comment(HEADER.splitlines())
    for key in _keys(config):
        pad = "  " * (len(key.path) - 1)
        lines += [] if pad else [""]
        lines += [pad + line for line in [*_as_comment(key.comment), *_lines_of(key.path[-1], key.value)]]
    return "\n".join(lines) + "\n"


def json_schema() -> str:
    """The configuration's JSON schema (draft 2020-12), for editors and other programs."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}
    return json.dumps(schema, indent=1) + "\n"


def outdated(text: str) -> list[str]:
    """Dotted keys that a config.yaml lacks, or shows under another comment than the models'.

    Raises:
        UserError: the text is not YAML.
    """
    try:
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise UserError(f"config.yaml: not YAML: {error}") from None
    found = dict(_comments(tree, text.splitlines(), ()))
    wanted = {key.path: "\n".join(_as_comment(key.comment)) for key in _keys(Config())}
    wrong = [
        ".".join(path) for path, comment in wanted.items() if path not in found or comment not in found[path]
    ]
    header = "\n".join(_as_comment(HEADER.splitlines()))
    return wrong if text.startswith(header) else ["the comment at its head", *wrong]


def replaced_values(old: str, new: str) -> list[str]:
    """Values of a config.yaml that another one has differently: ``measure.repeats: 5 (now 3)``."""
    before, after = (dict(_leaves(yaml.safe_load(text), ())) for text in (old, new))
    return [
        f"{'.'.join(path)}: {_flow(value)} (now {_flow(after[path]) if path in after else 'not there'})"
        for path, value in before.items()
        if path not in after or after[path] != value
    ]


def _keys(block: Block, path: Path = ()) -> Iterator[Key]:
    """The keys of a block and of the blocks in it, in the order of the file."""
    for name, field in type(block).model_fields.items():
        width = WIDTH - 2 * len(path) - 2
        comment = _wrapped(field.description or "", width)
        if entry := _entry_type(field.annotation):
            comment += [*([""] if "" in comment else []), "Keys of an entry:", *_keys_of_entry(entry, width)]
        value = getattr(block, name)
        yield Key((*path, name), comment, value)
        if isinstance(value, Block):
            yield from _keys(value, (*path, name))


def _entry_type(annotation: Any) -> type[Block] | None:
    """The model of a mapping's or list's entries, if blocks: of ``dict[str, Study | None]``, Study."""
    if get_origin(annotation) not in (dict, list):
        return None
    value = get_args(annotation)[-1]
    options = get_args(value) if get_origin(value) in (Union, types.UnionType, Annotated) else (value,)
    return next((each for each in options if isinstance(each, type) and issubclass(each, Block)), None)


def _keys_of_entry(entry: type[Block], width: int) -> Iterator[str]:
    """One paragraph for each key of an entry: entries themselves show only what they set."""
    for name, field in entry.model_fields.items():
        default = field.get_default(call_default_factory=True)
        value = default.model_dump() if isinstance(default, Block) else default
        shown = "" if field.is_required() else f" ({_flow(value)})"
        text = f"{name}{shown}: {field.description}"
        yield from wrap(text, width + 2, initial_indent="  ", subsequent_indent="    ")


def _wrapped(text: str, width: int) -> list[str]:
    """Paragraphs broken into lines; lines that start with a space, and empty ones, stay as they are."""
    lines: list[str] = []
    for line in text.splitlines():
        lines += wrap(line, width) if line.strip() and not line.startswith(" ") else [line]
    return lines


def _as_comment(lines: Sequence[str]) -> list[str]:
    return [f"# {line}".rstrip() for line in lines]


def _lines_of(name: str, value: Any) -> list[str]:
    """A key and its value; a block's own keys come by themselves."""
    if isinstance(value, Block):
        return [f"{name}:"]
    if isinstance(value, dict) and any(isinstance(item, Block) for item in value.values()):
        return [f"{name}:", *(f"  {line}" for key, item in value.items() for line in _entry(key, item))]
    if isinstance(value, list) and any(isinstance(item, Block) for item in value):
        return [f"{name}: {_flow([_short(item) for item in value])}"]
    return [f"{name}: {_flow(value)}"]


def _short(item: Block) -> Any:
    """A list's entry as briefly as it may be written: only what it sets, or its name alone."""
    values = item.model_dump(exclude_defaults=True)
    return values["name"] if values.keys() == {"name"} else values


def _entry(name: str, entry: Block | None) -> list[str]:
    """A mapping's entry: only what differs from the default; a grid has a line for each axis."""
    values = entry.model_dump(exclude_defaults=True) if entry else {}
    if not values:
        return [f"{name}: {_flow({} if entry else None)}"]
    lines = [f"{name}:"]
    for key, value in values.items():
        if key == "grid":
            lines += [f"  {key}:", *(f"    {axis}: {_flow(items)}" for axis, items in value.items())]
        else:
            lines.append(f"  {key}: {_flow(value)}")
    return lines


def _flow(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, str) and "\n" in value:
        return json.dumps(value, ensure_ascii=False)
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")


def _comments(node: Any, lines: Sequence[str], path: Path) -> Iterator[tuple[Path, str]]:
    """Each key of a YAML document and the lines of comment right above it, without their indentation."""
    if not isinstance(node, yaml.MappingNode):
        return
    for key, value in node.value:
        first = last = key.start_mark.line
        while first > 0 and lines[first - 1].lstrip().startswith("#"):
            first -= 1
        place = (*path, str(key.value))
        yield place, "\n".join(line.strip() for line in lines[first:last])
        yield from _comments(value, lines, place)


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _leaves(item, (*path, str(key)))
    else:
        yield path, value
