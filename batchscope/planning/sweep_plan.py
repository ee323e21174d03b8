"""What a sweep would do and how long each run would take, from the configuration and earlier results."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import Any

from batchscope.common.atomic_files import read_json
from batchscope.config.configuration import Config
from batchscope.planning.checks.situation import EngineUse, Situation
from batchscope.planning.run_sizes import guessed_tokens
from batchscope.planning.seconds.engine_start import (
    COMPILING_S,
    compiles,
    guessed_start,
    kind_of_start,
)
from batchscope.planning.seconds.first_guess import first_guess
from batchscope.planning.seconds.machine_speed import Machine
from batchscope.planning.seconds.passes import Passes, passes_of
from batchscope.planning.seconds.predicted_time import (
    Likeness,
    PassTimes,
    Pattern,
    expected_times,
    pattern_of,
    patterns,
)
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.order import runs_by_engine
from batchscope.studies.run import Run
from batchscope.studies.starts import name_of_run, with_starts

GUESSED_RATE = {"cpu": 150_000.0, "cuda": 20_000.0}
"""Prompt tokens per second: the demo's model on two cores, an 8B model on one large GPU; where not even the
cost model can tell."""

REASONS = (
    ("Missing output files", "not measured yet"),
    ("Params have changed", "its configuration, or a version, changed"),
    ("Updated input files", "its prompts or its model changed"),
    ("Set of input files has changed", "its prompts or its model changed"),
    ("Input files updated by another job", "its prompts or its model are made again"),
    ("Forced execution", "asked again: the engine said no on another machine"),
    ("Code has changed", "the rule changed"),
    ("Incomplete", "an earlier attempt was cut off"),
)


ONLY_CODE = re.compile(r"before: (?:<nothing exclusive>|'code \w+') now: 'code \w+'")
"""How Snakemake says that of all parameters the digest of the code alone changed."""


@dataclass(frozen=True)
class Rates:
    """What earlier results say: seconds of an engine's start, prompt tokens per second by run and layout."""

    start_s: Mapping[tuple[str, str], float]
    """by environment, and kind of start there"""
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
    least_s: float
    """with the fewest passes that it may have"""
    most_s: float
    """with the most"""
    start_s: float
    """seconds of its engine's start, which all runs of that engine configuration share"""
    gpus: int
    """number that it holds; 1 on CPU"""
    device: str
    measured_basis: bool
    stale: str | None
    compiles: tuple[str, ...] = ()
    """what its engine has to compile before its start, if none did so before (`engine_start.COMPILING_S`)"""
    refused: bool = False
    """whether its engine did not accept it, and it is not asked again"""


def plan_runs(
    config: Config, results: Path, stale: Mapping[str, str], machine: Machine | None = None
) -> list[PlannedRun]:
    """Every run, then every load point of the server: its size, predicted seconds and why it is stale.

    Args:
        config: The configuration.
        results: Folder with what has been measured and made.
        stale: The reason for each stale run, by `PlannedRun.run`.
        machine: What is known of this machine; None: nothing.
    """
    runs, loads = with_starts(expand_studies(config)), expand_serving(config)
    uses = Situation(config, results, [*runs, *loads]).engines
    known = Known(
        config, results, machine or Machine(), {name_in_plan(run): use for use in uses for run in use.runs}
    )
    offline = [read_json(results / "runs" / run.id / "measurement.json") for run in runs]
    served = [read_json(results / "serving" / run.id / "measurement.json") for run in loads]
    devices = {name: each.device for name, each in config.environments.items()}
    rates = replace(
        rates_from(offline, devices), patterns=patterns(results / "runs" / run.id for run in runs)
    )
    of_servers = replace(rates, start_s=rates_from(served, devices).start_s)
    no = {
        name_in_plan(run)
        for run, found in zip([*runs, *loads], [*offline, *served], strict=True)
        if found and found.get("status") == "refused"
    }
    planned = [_plan(run, name, known, rates, None) for run, name in _with_engines(runs)]
    planned += [
        _plan(run, name, known, of_servers, measured)
        for (run, name), measured in zip(_with_engines(loads), served, strict=True)
    ]
    told = [replace(each, stale=stale.get(each.run)) for each in planned]
    return first_compiles([replace(each, refused=each.run in no and not each.stale) for each in told])


def first_compiles(planned: Sequence[PlannedRun]) -> list[PlannedRun]:
    """The same runs; the first engine that has something to compile takes longer."""
    first: dict[str, str] = {}
    for run in planned:
        for what in run.compiles if run.stale else ():
            first.setdefault(what, run.engine)

    def seconds(run: PlannedRun) -> float:
        own = (COMPILING_S[what] for what in run.compiles if first.get(what) == run.engine)
        return max([run.start_s, *own])

    return [replace(run, start_s=seconds(run)) for run in planned]


@dataclass(frozen=True)
class Known:
    """What predictions are made from, beside rates of earlier results."""

    config: Config
    results: Path
    machine: Machine
    uses: Mapping[str, EngineUse]
    """the engine of each run, by `PlannedRun.run`"""


def name_in_plan(run: Run) -> str:
    """study/run; of a load point serving/study/run."""
    return f"serving/{run.id}" if run.load else run.id


def _with_engines(runs: Sequence[Run]) -> list[tuple[Run, str]]:
    engines = {run: name for name, ids in runs_by_engine(runs).items() for run in ids}
    return [(run, engines[run.id]) for run in runs]


def rates_from(measurements: Sequence[Mapping[str, Any] | None], devices: Mapping[str, str]) -> Rates:
    """Medians over whatever has been measured.

    Args:
        measurements: what measurement.json says of each run; None: it was not measured.
        devices: ``cpu`` or ``cuda``, by environment; one that is not there any more is left out.
    """
    starts: dict[tuple[str, str], list[float]] = {}
    by_run: dict[str, float] = {}
    by_layout: dict[tuple[str, str, str], list[float]] = {}
    for measured in measurements:
        if not measured or not measured["repeats"]:
            continue
        engine, workload = measured["spec"]["engine"], measured["spec"]["workload"]
        rate = median(repeat["prompt_tokens"] / repeat["seconds"] for repeat in measured["repeats"])
        name = engine["environment"]
        if name in devices and not measured["engine"].get("reused"):
            key = (name, kind_of_start(devices[name], engine.get("args", {})))
            starts.setdefault(key, []).append(_start_of(measured))
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


def _plan(run: Run, engine: str, known: Known, rates: Rates, served: Mapping[str, Any] | None) -> PlannedRun:
    environment = run.engine.environment
    device = known.config.environments[environment].device
    made = read_json(known.results / "prompts" / run.prompts.id / "prompts.json")
    prompts, tokens = _size(run, made)
    if served and served["repeats"]:
        took, measured = sum(one["seconds"] for one in (*served["warmup"], *served["repeats"])), True
        times, passes = PassTimes(0.0, took), Passes(1, 1, 1)
    else:
        times, measured = _expected(run, prompts, tokens, rates, known)
        passes = passes_of(run, times.pass_s, device)
    kind = kind_of_start(device, run.engine.args.as_vllm())
    seen = {each: took for (name, each), took in rates.start_s.items() if name == environment}
    guess = guessed_start(kind, seen, serves=run.load is not None, speed=known.machine.speed)
    return PlannedRun(
        run=name_in_plan(run),
        engine=engine,
        prompts=prompts,
        prompt_tokens=tokens,
        tokens_known=made is not None,
        seconds=times.warmup_s + passes.likely * times.pass_s,
        least_s=times.warmup_s + passes.least * times.pass_s,
        most_s=times.warmup_s + passes.most * times.pass_s,
        start_s=seen.get(kind, guess),
        gpus=run.gpus if device == "cuda" else 1,
        device=device,
        measured_basis=measured,
        stale=None,
        compiles=compiles(kind, seen),
    )


def _expected(run: Run, prompts: int, tokens: int, rates: Rates, known: Known) -> tuple[PassTimes, bool]:
    """Predicted times, and whether they are based on measurements, of this run or of runs like it."""
    of_first_start = f"{run.study}/{name_of_run(run.name)}"
    own = None if run.load else rates.by_run.get(run.id, rates.by_run.get(of_first_start))
    alike = rates.by_layout.get((run.engine.environment, run.engine.model, run.workload.layout))
    pattern = None if own else pattern_of(run, rates.patterns)
    times = expected_times(pattern, run, prompts, tokens) if pattern else None
    if times is None and not (own or alike):
        times = first_guess(known.uses[name_in_plan(run)], run, prompts, tokens, known.machine)
    if times is None:
        guess = GUESSED_RATE[known.config.environments[run.engine.environment].device]
        times = _at_rate(run, tokens, own or alike or guess, shared=own is None)
    if run.load and run.load.request_rate:
        times = replace(times, pass_s=max(times.pass_s, prompts / run.load.request_rate))
    # With few requests under way the engine idles: times of busy engines make no more than a guess.
    return times, run.load is None and bool(own or pattern or alike)


def _at_rate(run: Run, tokens: int, rate: float, *, shared: bool) -> PassTimes:
    """Times at so many prompt tokens a second; ``shared``: a rate of computed tokens, as of other runs.

    Copies that the prefix cache serves then take almost no time.
    """
    served = shared and run.workload.reuse != "none"
    computed = tokens // run.workload.duplicates if served else tokens
    return PassTimes(min(run.measure.warmup_tokens, computed) / rate, computed / rate)


def _size(run: Run, made: Mapping[str, Any] | None) -> tuple[int, int]:
    """Prompts and their tokens, of one pass or of the whole load; guessed where they are not made yet."""
    load = run.workload
    prompts = -(-load.total_texts // run.prompts.n) * load.duplicates
    tokens = guessed_tokens(load)
    if made:
        prompts, tokens = made["prompts"], made["prompt_tokens"]
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
