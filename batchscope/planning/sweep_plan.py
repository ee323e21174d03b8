"""What a sweep would do and how long it would take, from the configuration and earlier results."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from tabulate import tabulate

from batchscope.common.atomic_files import read_json
from batchscope.config.configuration import Config
from batchscope.planning.predicted_time import Likeness, Pattern, expected_seconds, pattern_of, patterns
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.order import runs_by_engine
from batchscope.studies.run import Run

TOKENS_PER_TEXT = 300
"""Tokens of an IMDB review with the Llama-3 tokenizer and its share of the instruction; used until there are
prompts."""

GUESSED_RATE = {"cpu": 150_000.0, "cuda": 20_000.0}
"""Prompt tokens per second: the demo's model on two cores, an 8B model on one large GPU."""

GUESSED_START_S = {"cpu": 25.0, "cuda": 60.0}

REASONS = (
    ("Missing output files", "not measured yet"),
    ("Params have changed", "its configuration, or a version, changed"),
    ("Updated input files", "its prompts or its model changed"),
    ("Set of input files has changed", "its prompts or its model changed"),
    ("Input files updated by another job", "its prompts or its model are made again"),
    ("Forced execution", "forced"),
    ("Code has changed", "the rule changed"),
    ("Incomplete", "an earlier attempt was cut off"),
)


ONLY_CODE = re.compile(r"before: (?:<nothing exclusive>|'code \w+') now: 'code \w+'")
"""How Snakemake says that of all parameters the digest of the code alone changed."""


@dataclass(frozen=True)
class Rates:
    """What earlier results say: seconds of an engine's start, prompt tokens per second by run and layout."""

    start_s: Mapping[str, float]
    by_run: Mapping[str, float]
    by_layout: Mapping[tuple[str, str, str], float]
    """by environment, model and layout; used where the cost model does not know the model's shape"""
    patterns: Mapping[Likeness, Pattern] = field(default_factory=dict)


@dataclass(frozen=True)
class PlannedRun:
    """One line of the plan; prompts and tokens are those of one pass, or of the whole load."""

    run: str
    """study/run; of a load point serving/study/run"""
    engine: str
    """name of its engine configuration"""
    prompts: int
    prompt_tokens: int
    tokens_known: bool
    seconds: float
    """predicted, of warm-up and passes, or of the load"""
    start_s: float
    """seconds of its engine's start, which all runs of that engine configuration share"""
    gpus: int
    """number that it holds; 1 on CPU"""
    measured_basis: bool
    may_repeat: bool
    """whether it may take longer: ``seconds`` counts only the repeats that it has in any case"""
    stale: str | None


def plan_runs(config: Config, results: Path, stale: Mapping[str, str]) -> list[PlannedRun]:
    """Every run, then every load point of the server: its size, predicted seconds and why it is stale.

    Args:
        config: The configuration.
        results: Folder with what has been measured and made.
        stale: The reason for each stale run, by `PlannedRun.run`.
    """
    runs, loads = expand_studies(config), expand_serving(config)
    offline = [read_json(results / "runs" / run.id / "measurement.json") for run in runs]
    served = [read_json(results / "serving" / run.id / "measurement.json") for run in loads]
    rates = replace(rates_from(offline), patterns=patterns(results / "runs" / run.id for run in runs))
    of_servers = replace(rates, start_s=rates_from(served).start_s)
    planned = [_plan(run, name, config, results, rates, None) for run, name in _with_engines(runs)]
    planned += [
        _plan(run, name, config, results, of_servers, measured)
        for (run, name), measured in zip(_with_engines(loads), served, strict=True)
    ]
    return [replace(each, stale=stale.get(each.run)) for each in planned]


def _with_engines(runs: Sequence[Run]) -> list[tuple[Run, str]]:
    engines = {run: name for name, ids in runs_by_engine(runs).items() for run in ids}
    return [(run, engines[run.id]) for run in runs]


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
    """Seconds of an engine's start with its imports: the job that started it, less warm-up and repeats."""
    passes = sum(one["seconds"] for one in (*measured.get("warmup", ()), *measured["repeats"]))
    job = measured.get("sweep", {}).get("seconds", 0.0)
    return max(float(measured["engine"]["start_s"]), float(job - passes))


def _plan(
    run: Run, engine: str, config: Config, results: Path, rates: Rates, served: Mapping[str, Any] | None
) -> PlannedRun:
    environment = run.engine.environment
    device = config.environments[environment].device
    made = read_json(results / "prompts" / run.prompts.id / "prompts.json")
    prompts, tokens = _size(run, made)
    if served and served["repeats"]:
        seconds, known = sum(one["seconds"] for one in (*served["warmup"], *served["repeats"])), True
    else:
        seconds, known = _expected(run, prompts, tokens, rates, GUESSED_RATE[device])
    return PlannedRun(
        run=f"serving/{run.id}" if run.load else run.id,
        engine=engine,
        prompts=prompts,
        prompt_tokens=tokens,
        tokens_known=made is not None,
        seconds=seconds,
        start_s=rates.start_s.get(environment, GUESSED_START_S[device]),
        gpus=run.gpus if device == "cuda" else 1,
        measured_basis=known,
        may_repeat=run.load is None and run.measure.stops_by_precision,
        stale=None,
    )


def _expected(run: Run, prompts: int, tokens: int, rates: Rates, guess: float) -> tuple[float, bool]:
    """Predicted seconds, and whether they are based on measurements, of this run or of runs like it."""
    own = None if run.load else rates.by_run.get(run.id)
    alike = rates.by_layout.get((run.engine.environment, run.engine.model, run.workload.layout))
    pattern = None if own else pattern_of(run, rates.patterns)
    seconds = expected_seconds(pattern, run, prompts, tokens) if pattern else None
    if seconds is None:
        # Rates of other runs are those of computed tokens: copies from the prefix cache take almost no time.
        shared = own is None and run.workload.reuse != "none"
        computed = tokens // run.workload.duplicates if shared else tokens
        passes = 1 if run.load else run.measure.repeats
        work = min(run.measure.warmup_tokens, computed) + passes * computed
        seconds = work / (own or alike or guess)
    if run.load and run.load.request_rate:
        seconds = max(seconds, prompts / run.load.request_rate)
    # With few requests under way the engine idles: times of busy engines make no more than a guess.
    return seconds, run.load is None and bool(own or pattern or alike)


def _size(run: Run, made: Mapping[str, Any] | None) -> tuple[int, int]:
    """Prompts and their tokens, of one pass or of the whole load; guessed where they are not made yet."""
    load = run.workload
    prompts = -(-load.total_texts // run.prompts.n) * load.duplicates
    tokens = made["prompt_tokens"] if made else load.total_texts * TOKENS_PER_TEXT * load.duplicates
    if run.load and run.load.requests:
        return run.load.requests, tokens * run.load.requests // prompts
    return prompts, tokens


def plain_reason(reason: str) -> str:
    """Snakemake's reason in this project's words; an unknown one as it is, shortened to 80 characters."""
    if ONLY_CODE.search(reason):
        return "the measuring code changed"
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
    starts = {run.engine: run.start_s for run in stale}
    total = _minutes(sum(run.seconds for run in stale) + sum(starts.values()))
    lines.append(
        f"{len(stale)} of {len(planned)} runs to measure: about {total} minutes, one after the other, "
        f"{_minutes(sum(starts.values()))} of them for {len(starts)} engine start(s)."
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
    return f"{seconds / 60:.1f}" if seconds >= 3 or seconds == 0 else "<0.1"
