"""The documented default file and the JSON schema, both made from the configuration's models."""

import json
from collections.abc import Iterator
from textwrap import wrap
from typing import Any

import yaml

from batchscope.config.block import Section
from batchscope.config.configuration import Config

HEADER = """\
Written by `make config` from batchscope/config/configuration.py, which checks it too: edit values here, keys there.
This default runs anywhere, on CPU, in minutes, with nothing to download. Lay an overlay over it with
`snakemake --configfile configs/hermes-8b.yaml`, or change single values with
`--config "measure={repeats: 5}"`. null keeps vLLM's own default, or drops an entry.
"""
WIDTH = 105


def default_yaml() -> str:
    """The default configuration, a comment above every key."""
    lines = [f"# {line}".rstrip() for line in HEADER.splitlines()]
    lines.append("# yaml-language-server: $schema=config.schema.json")
    for block in _section(Config(), 0):
        lines.append(block)
    return "\n".join(lines) + "\n"


def json_schema() -> str:
    """The configuration's JSON schema (draft 2020-12), for editors and other programs."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **Config.model_json_schema()}
    return json.dumps(schema, indent=1) + "\n"


def _section(section: Section, depth: int) -> Iterator[str]:
    pad = "  " * depth
    for key, field in type(section).model_fields.items():
        if depth == 0:
            yield ""
        value = getattr(section, key)
        for line in wrap(field.description or "", WIDTH - len(pad) - 2):
            yield f"{pad}# {line}"
        if entry := _entry_type(value):
            yield from _keys(entry, pad)
        yield from _entry(key, value, depth)


def _entry_type(value: Any) -> type[Section] | None:
    """The model of a mapping's entries, where they are sections."""
    entries = value.values() if isinstance(value, dict) else ()
    return next((type(item) for item in entries if isinstance(item, Section)), None)


def _keys(section: type[Section], pad: str) -> Iterator[str]:
    """The keys of an entry, as a comment: entries themselves show only what they set."""
    yield f"{pad}# Keys of an entry:"
    for key, field in section.model_fields.items():
        default = (
            "" if field.is_required() else f" ({_flow(_plain(field.get_default(call_default_factory=True)))})"
        )
        yield from wrap(
            f"{key}{default}: {field.description}",
            WIDTH,
            initial_indent=f"{pad}#   ",
            subsequent_indent=f"{pad}#     ",
        )


def _plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, Section) else value


def _entry(key: str, value: Any, depth: int) -> Iterator[str]:
    pad = "  " * depth
    if isinstance(value, Section):
        yield f"{pad}{key}:"
        yield from _section(value, depth + 1) if depth < 2 else _bare(value, depth + 1)
    elif _entry_type(value):
        yield f"{pad}{key}:"
        for name, item in value.items():
            yield f"{pad}  {name}:"
            yield from _bare(item, depth + 2)
    else:
        yield f"{pad}{key}: {_flow(value)}"


def _bare(section: Section, depth: int) -> Iterator[str]:
    """A mapping's entry: only what differs from the default, the keys being explained above the mapping."""
    values = section.model_dump(exclude_defaults=True)
    for key, value in values.items():
        if isinstance(value, dict) and key == "grid":
            yield f"{'  ' * depth}{key}:"
            for axis, items in value.items():
                yield f"{'  ' * (depth + 1)}{axis}: {_flow(items)}"
        else:
            yield f"{'  ' * depth}{key}: {_flow(value)}"


def _flow(value: Any) -> str:
    if isinstance(value, str) and "\n" in value:
        return json.dumps(value)
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
    return text.removesuffix("\n").removesuffix("\n...")
