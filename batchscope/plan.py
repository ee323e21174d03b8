"""What a sweep would do and how long it would take, from the configuration and earlier results."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tabulate import tabulate

from batchscope.config import Config
from batchscope.files import read_json
from batchscope.runs import Run, expand_studies

TOKENS_PER_REVIEW = 300
"""IMDB reviews with the Llama-3 tokenizer, the instruction's share included; used until prompts are made."""

GUESSED_RATE = {"cpu": 150_000.0, "cuda": 20_000.0}
"""Prompt tokens a second: the demo's model on two cores, an 8B model on one large GPU."""

GUESSED_START_S = {"cpu": 25.0, "cuda": 60.0}

REASONS = (
    ("Missing output files", "not measured yet"),
    ("Params have changed", "its configuration, or a version, changed"),
    ("Updated input files", "its prompts, model or the measuring code changed"),
    ("Set of input files has changed", "its prompts, model or the measuring code changed"),
    ("Input files updated by another job", "its prompts or model are made anew"),
    ("Forced execution", "forced"),
    ("Code has changed", "the rule changed"),
    ("Incomplete", "an earlier attempt was cut off"),
)


@dataclass(frozen=True)
class Rates:
    """What earlier results say of an engine: its start, and prompt tokens a second by run."""

    start_s: Mapping[str, float]
    by_run: Mapping[str, float]
    by_layout: Mapping[tuple[str, str, str], float]


@dataclass(frozen=True)
class PlannedRun:
    """One line of the plan; tokens are those of one pass."""

    run: str
    prompts: int
    prompt_tokens: int
    tokens_known: bool
    seconds: float
    start_s: float
    """seconds of these that the start of the run's engine takes"""
    gpus: int
    """that it holds; 1 on CPU"""
    measured_basis: bool
    may_repeat: bool
    """whether noise makes it longer: only the repeats that it has in any case are counted"""
    stale: str | None


def plan_runs(config: Config, results: Path, stale: Mapping[str, str]) -> list[PlannedRun]:
    """Every run with its size, its predicted seconds (engine start included) and why it is stale."""
    runs = expand_studies(config)
    rates = rates_from([read_json(results / "runs" / run.id / "measurement.json") for run in runs])
    return [_plan(run, config, results, rates, stale.get(run.id)) for run in runs]


def rates_from(measurements: Sequence[Mapping[str, Any] | None]) -> Rates:
    """Medians over whatever has been measured."""
    starts: dict[str, list[float]] = {}
    by_run: dict[str, float] = {}
    by_layout: dict[tuple[str, str, str], list[float]] = {}
    for measured in measurements:
        if not measured or not measured["repeats"]:
            continue
        engine, workload = measured["spec"]["engine"], measured["spec"]["workload"]
        rate = median(repeat["prompt_tokens"] / repeat["seconds"] for repeat in measured["repeats"])
        if not measured["engine"].get("reused"):
            starts.setdefault(engine["environment"], []).append(_start_of(measured))
        by_run[f"{measured['study']}/{measured['run']}"] = rate
        if workload.get("reuse", "none") == "none":
            by_layout.setdefault((engine["environment"], engine["model"], workload["layout"]), []).append(
                rate
            )
    return Rates(
        {key: median(values) for key, values in starts.items()},
        by_run,
        {key: median(values) for key, values in by_layout.items()},
    )


def _start_of(measured: Mapping[str, Any]) -> float:
    """What the engine's start took of the job that started it, imports too: all but warm-up and repeats."""
    passes = sum(one["seconds"] for one in (*measured.get("warmup", ()), *measured["repeats"]))
    job = measured.get("sweep", {}).get("seconds", 0.0)
    return max(float(measured["engine"]["start_s"]), float(job - passes))


def _plan(run: Run, config: Config, results: Path, rates: Rates, stale: str | None) -> PlannedRun:
    load, environment = run.workload, run.engine.environment
    device = config.environments[environment].device
    made = read_json(results / "prompts" / run.prompts.id / "prompts.json")
    groups = -(-load.total_reviews // run.prompts.n)
    tokens = made["prompt_tokens"] if made else load.total_reviews * TOKENS_PER_REVIEW * load.duplicates
    like_it = rates.by_layout.get((environment, run.engine.model, load.layout))
    own = rates.by_run.get(run.id)
    rate = own or like_it or GUESSED_RATE[device]
    start_s = rates.start_s.get(environment, GUESSED_START_S[device])
    # Others' rates are those of computed tokens: copies that the prefix cache serves take next to no time.
    computed = tokens if own or load.reuse == "none" else tokens // load.duplicates
    work = min(run.measure.warmup_tokens, computed) + run.measure.repeats * computed
    return PlannedRun(
        run=run.id,
        prompts=groups * load.duplicates,
        prompt_tokens=tokens,
        tokens_known=made is not None,
        seconds=start_s + work / rate,
        start_s=start_s,
        gpus=run.gpus if device == "cuda" else 1,
        measured_basis=rate != GUESSED_RATE[device],
        may_repeat=run.measure.stops_by_precision,
        stale=stale,
    )


def plain_reason(reason: str) -> str:
    """Snakemake's reason in the words of this project; unknown ones as they are, shortened."""
    for start, words in REASONS:
        if start in reason:
            return words
    return re.sub(r"\s+", " ", reason)[:80]


def describe_plan(planned: Sequence[PlannedRun], other_jobs: Mapping[str, int]) -> str:
    """The plan as text: a line a run, then sums over the stale ones."""
    rows = [
        (
            run.run,
            f"{run.prompts:,}",
            ("" if run.tokens_known else "~") + f"{run.prompt_tokens:,}",
            _minutes(run.seconds) + ("" if run.measured_basis else " ?"),
            run.stale or "up to date",
        )
        for run in planned
    ]
    columns = ("run", "prompts", "prompt tokens", "minutes", "state")
    lines = [
        tabulate(rows, columns, tablefmt="simple", colalign=("left", "right", "right", "right", "left")),
        "",
    ]
    stale = [run for run in planned if run.stale]
    total = _minutes(sum(run.seconds for run in stale))
    lines.append(
        f"{len(stale)} of {len(planned)} runs to measure: about {total} minutes, one after the other."
    )
    if any(run.may_repeat for run in stale):
        lines.append("With the fewest repeats; a run that is not precise then gets more, see 'measure'.")
    if other_jobs:
        jobs = ", ".join(f"{count} {rule}" for rule, count in sorted(other_jobs.items()))
        lines.append(f"Other jobs: {jobs}.")
    if any(not run.tokens_known for run in planned):
        lines.append("~ estimated: these prompts are not made yet.")
    if any(not run.measured_basis for run in planned):
        lines.append("? guessed: nothing alike has been measured here yet.")
    return "\n".join(lines)


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f}"
