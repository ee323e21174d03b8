"""Runs that a call must not end well with: refused ones, and those of a study of which none is valid."""

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from batchscope.config.engine import EngineArguments

MOST_NAMES = 20
"""Runs of one cause that are listed by name."""

REMEDIES = {
    "oom": "shrink what the engine holds (engine.args.max_model_len, max_num_seqs, quantization, a smaller "
    "model) or take a GPU with more memory",
    "timeout": "`make retry` measures it again, once there is more time",
    "died": "`make retry` measures it again; the log has what was said last",
    "ok": "docs/validity.md says what each reason means",
    "damaged": "`make retry` measures it again",
}


@dataclass(frozen=True)
class Fault:
    """A run without a result that counts: ``study/run``, why, what to do, and its engine's log."""

    run: str
    status: str
    cause: str
    remedy: str
    log: str


def fault_of(measurement: Mapping[str, Any], log: str, cause: str = "") -> Fault:
    """A run as a fault, from its measurement.json; ``cause`` unless that is its message."""
    status, cause = measurement["status"], cause or measurement["message"]
    if status == "refused":
        remedy = remedy_for_refused(cause, measurement["spec"]["engine"]["args"])
    else:
        remedy = REMEDIES[status]
    return Fault(f"{measurement['study']}/{measurement['run']}", status, cause, remedy, log)


def fault_of_damaged(run: str, cause: str, log: str) -> Fault:
    """A run whose files are not as they were written, and tell nothing of it."""
    return Fault(run, "damaged", cause, REMEDIES["damaged"], log)


def to_be_told(runs: Sequence[tuple[str, str, bool]]) -> list[str]:
    """Which runs (``study/run``, status, whether valid) are faults of the call, not results of it.

    A run that was left out, for it does not fit, is none: that was asked for.
    """
    counted = {name.partition("/")[0] for name, _, valid in runs if valid}
    return [
        name
        for name, status, valid in runs
        if status in ("refused", "damaged")
        or (not valid and status != "unfit" and name.partition("/")[0] not in counted)
    ]


def remedy_for_refused(cause: str, asked: Mapping[str, Any]) -> str:
    """What to correct, from the arguments that the cause names, or whose value it names."""
    keys = [_key(name) for name in _named(cause, asked)] or ["'engine' in the configuration"]
    listed = " or ".join(filter(None, [", ".join(keys[:-1]), keys[-1]]))
    return f"correct {listed}, or what the message names; the same call measures what is missing"


def _named(cause: str, asked: Mapping[str, Any]) -> list[str]:
    said = re.sub(r"\[type=.*\]$", "", cause, flags=re.MULTILINE)  # pydantic's repr of all that it was given
    words = {word.replace("-", "_") for word in re.findall(r"[A-Za-z][\w-]*", said)}  # a flag is a name, too
    known = dict.fromkeys([*EngineArguments.model_fields, *asked])
    names = [name for name in known if name in words and ("_" in name or name in asked)]
    if "KV cache" in cause and "kv_cache_memory_bytes" in asked:  # which vLLM's own advice leaves out
        names = ["kv_cache_memory_bytes", *(name for name in names if name != "gpu_memory_utilization")]
    return names or [name for name, value in asked.items() if words & set(_texts_in(value))]


def _texts_in(value: Any) -> Iterator[str]:
    """Words among an argument's values."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts_in(inner)
    elif isinstance(value, str):
        yield from re.findall(r"\w+", value)


def _key(argument: str) -> str:
    own = argument in EngineArguments.model_fields
    return f"engine.args.{argument}" if own else f"engine.args.extra.{argument}"


def as_json(faults: Iterable[Fault]) -> list[dict[str, str]]:
    """Faults as plain values, which `Fault` takes as arguments."""
    return [asdict(fault) for fault in faults]


def as_text(faults: Sequence[Fault]) -> str:
    """All that is to be told of a call's faults, each cause once."""
    refused = sum(fault.status == "refused" for fault in faults)
    damaged = sum(fault.status == "damaged" for fault in faults)
    others = [fault for fault in faults if fault.status not in ("refused", "damaged")]
    studies = dict.fromkeys(fault.run.partition("/")[0] for fault in others)
    heads = [f"the engine of {_count(refused)} did not start"] if refused else []
    heads += [f"the files of {_count(damaged)} are damaged"] if damaged else []
    heads += [f"no run of study {study} counts" for study in studies]
    same = sorted(faults, key=_alike)
    groups = [list(group) for _, group in groupby(same, key=_alike)]
    return "\n".join([f"error: {'; '.join(heads)}", *map(_group_as_text, groups)])


def _alike(fault: Fault) -> tuple[str, str, str]:
    return fault.status, fault.cause, fault.remedy


def _count(runs: int) -> str:
    return "1 run" if runs == 1 else f"{runs} runs"


def _group_as_text(group: Sequence[Fault]) -> str:
    names = [fault.run for fault in group[:MOST_NAMES]]
    more = [f"and {len(group) - MOST_NAMES} more"] if len(group) > MOST_NAMES else []
    first = group[0]
    whole = textwrap.TextWrapper(110, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False)
    lines = [
        whole.fill(", ".join(names + more)) + ":",
        textwrap.indent(first.cause, "    "),
        f"    Remedy: {first.remedy}",
        f"    Log: {first.log}",
    ]
    return "\n".join(lines)
