"""Runs that a call must not end well with, and those that the engine does not accept, which are rows."""

import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from typing import Any

from batchscope.config.engine import EngineArguments

MOST_NAMES = 20
"""Runs of one cause that are listed by name."""

NOT_ACCEPTED = "not accepted by the engine"

ROWS_ALONE = 3
"""Exit status of a call in which the engine did not accept some runs, and all else was measured."""

SHORT = 140
"""Most characters of a reason in a table's cell."""

REMEDIES = {
    "oom": "shrink what the engine holds (engine.args.max_model_len, max_num_seqs, quantization, a smaller "
    "model) or take a GPU with more memory",
    "timeout": "`make retry` measures it again, once there is more time",
    "died": "`make retry` measures it again; the log has what was said last",
    "refused": "it is asked again after a change of its configuration, of vLLM or of the machine, and by "
    "`make retry`",
    "broke": "the same call measures what is missing",
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
    is_row: bool = False
    """whether the engine does not accept it, and other runs of its study count: an answer, and no failure"""


def fault_of(measurement: Mapping[str, Any], log: str, cause: str = "", *, is_row: bool = False) -> Fault:
    """A run as a fault, from its measurement.json; ``cause`` unless that is its message."""
    status, cause = measurement["status"], cause or measurement["message"]
    remedy = REMEDIES[status]
    if status in ("refused", "broke"):
        remedy = f"{what_to_correct(cause, measurement['spec']['engine']['args'])}; {remedy}"
    return Fault(f"{measurement['study']}/{measurement['run']}", status, cause, remedy, log, is_row)


def fault_of_damaged(run: str, cause: str, log: str) -> Fault:
    """A run whose files are not as they were written, and tell nothing of it."""
    return Fault(run, "damaged", cause, REMEDIES["damaged"], log)


def to_be_told(runs: Sequence[tuple[str, str, bool]]) -> list[str]:
    """Which runs (``study/run``, status, whether valid) the end of a call tells of.

    A run that was left out, for it does not fit, is none: that was asked for.
    """
    counted = {name.partition("/")[0] for name, _, valid in runs if valid}
    return [
        name
        for name, status, valid in runs
        if status in ("refused", "broke", "damaged")
        or (not valid and status != "unfit" and name.partition("/")[0] not in counted)
    ]


def rows_among(runs: Sequence[tuple[str, str, bool]]) -> set[str]:
    """Of the same runs those that the engine does not accept, in studies of which other runs count."""
    counted = {name.partition("/")[0] for name, _, valid in runs if valid}
    return {name for name, status, _ in runs if status == "refused" and name.partition("/")[0] in counted}


def not_accepted(message: str) -> str:
    """What tables say of a run that the engine refused: ``not accepted by the engine: ...``, in one line."""
    return f"{NOT_ACCEPTED}: {in_short(message)}"


def in_short(message: str) -> str:
    """The first sentence of an engine's refusal, without the exception's type and what pydantic adds."""
    first, *rest = [
        line.strip() for line in re.sub(r"\[type=.*\]$", "", message, flags=re.MULTILINE).splitlines()
    ]
    if rest and re.match(r"ValidationError: \d+ validation error", first):
        # one line names the field, unless the whole block is wrong; the next says what is wrong with it
        said = [line.removeprefix("Value error, ") for line in rest if not line.startswith("For further")]
        first = ": ".join(said[:2]) if len(said) > 1 and re.fullmatch(r"[\w.]+", said[0]) else said[0]
    sentence = re.split(r"(?<=[\w\]'\")])\. ", re.sub(r"^\w+(?:Error|Exception): ", "", first))[0].rstrip(
        ". "
    )
    return sentence if len(sentence) <= SHORT else f"{sentence[: SHORT - 1].rstrip()}…"


def what_to_correct(cause: str, asked: Mapping[str, Any]) -> str:
    """The keys that a cause is about: of arguments that it names, or whose value it names."""
    keys = [_key(name) for name in _named(cause, asked)] or ["'engine' in the configuration"]
    listed = " or ".join(filter(None, [", ".join(keys[:-1]), keys[-1]]))
    return f"correct {listed}, or what the message names"


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


def as_json(faults: Iterable[Fault]) -> list[dict[str, Any]]:
    """Faults as plain values, which `Fault` takes as arguments."""
    return [asdict(fault) for fault in faults]


def exit_status(faults: Sequence[Fault]) -> int:
    """With what a call ends that has these: 1 after a failure, `ROWS_ALONE` where all are rows, else 0."""
    return 0 if not faults else ROWS_ALONE if all(fault.is_row for fault in faults) else 1


def as_text(faults: Sequence[Fault]) -> str:
    """All that is to be told of a call's faults, each cause once; rows first, for the end is read."""
    rows, failed = ([fault for fault in faults if fault.is_row == told] for told in (True, False))
    parts = (
        [f"{_count(len(rows))} {NOT_ACCEPTED}, and shown so; all else is measured", *_groups(rows)]
        if rows
        else []
    )
    if failed:
        parts += [f"error: {'; '.join(_heads(failed))}", *_groups(failed)]
    return "\n".join(parts)


def _heads(failed: Sequence[Fault]) -> list[str]:
    """What the failures are, in few words."""
    counts = Counter(fault.status for fault in failed)
    others = [fault for fault in failed if fault.status not in ("refused", "broke", "damaged")]
    studies = dict.fromkeys(fault.run.partition("/")[0] for fault in others)
    said = {
        "refused": "the engine does not accept {}",
        "broke": "the engine of {} did not start",
        "damaged": "the files of {} are damaged",
    }
    heads = [words.format(_count(counts[status])) for status, words in said.items() if counts[status]]
    return [*heads, *(f"no run of study {study} counts" for study in studies)]


def _groups(faults: Sequence[Fault]) -> list[str]:
    same = sorted(faults, key=_alike)
    return [_group_as_text(list(group)) for _, group in groupby(same, key=_alike)]


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
        textwrap.indent(in_short(first.cause) if first.is_row else first.cause, "    "),
        f"    Remedy: {first.remedy}",
        f"    Log: {first.log}",
    ]
    return "\n".join(lines)
