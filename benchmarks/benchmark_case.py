"""What the benchmarks share: a run that the workflow has measured, and ratios of arms that take turns."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from batchscope.common.atomic_files import read_json
from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.jobs.environments import require
from batchscope.jobs.job_arguments import answers_of
from batchscope.statistics.intervals import paired_ratio

RESULTS = Path("results")


@dataclass(frozen=True)
class Case:
    """A measured run's engine and prompts."""

    run: str
    spec: dict[str, Any]
    environment: dict[str, Any]
    python: str
    model: Path
    prompts: Path
    summary: dict[str, Any]
    """prompts.json"""

    @property
    def answers(self) -> dict[str, Any]:
        """How long answers may be, and what they may say, as a job has it."""
        return answers_of(self.spec, self.summary, self.model).as_json()

    @property
    def output_tokens(self) -> int:
        """Tokens decoded for each text."""
        return int(self.spec["workload"]["output_tokens_per_text"])


def parser(text: str | None) -> argparse.ArgumentParser:
    """A parser with the options that all benchmarks have."""
    made = argparse.ArgumentParser(description=text)
    made.add_argument("--run", required=True, help="study/run, measured before: its engine, its prompts")
    made.add_argument("--args", type=json.loads, default={}, help="JSON: engine arguments that differ")
    made.add_argument("--pairs", type=_pairs, default=5, help="turns of each arm, two or more")
    made.add_argument("--out", type=Path, required=True, help="JSON file to write")
    return made


def _pairs(text: str) -> int:
    if (pairs := int(text)) < 2:
        raise argparse.ArgumentTypeError("an interval needs two or more")
    return pairs


def load_case(run: str, args: Mapping[str, Any]) -> Case:
    """Find a measured run in ``results``; ``args`` replace engine arguments of the same names.

    Raises:
        UserError: it has not been measured, or the configuration is not there.
    """
    folder = RESULTS / "runs" / run
    config = load_config(_read(RESULTS / "config.json", f"snakemake --cores 1 {RESULTS / 'config.json'}"))
    measurement = _read(folder / "measurement.json", f"snakemake --cores 1 {folder / 'measurement.json'}")
    spec = measurement["spec"]
    spec["engine"]["args"] |= args
    name = spec["engine"]["environment"]
    return Case(
        run=run,
        spec=spec,
        environment=_read(folder / "environment.json", f"snakemake --cores 1 {folder / 'measurement.json'}"),
        python=require(name, config.environments[name]),
        model=RESULTS / "models" / spec["engine"]["model"],
        prompts=RESULTS / "prompts" / measurement["prompts"]["id"] / "prompts.jsonl",
        summary=measurement["prompts"],
    )


def _read(path: Path, remedy: str) -> dict[str, Any]:
    if (value := read_json(path)) is None:
        raise UserError(f"{path}: not there, or damaged; call {remedy}, with the run's configuration")
    return value


def take_turns(
    arms: Mapping[str, Callable[[], float]], pairs: int, after: Callable[[dict[str, list[float]]], None]
) -> None:
    """Call every arm ``pairs`` times, every other time in reverse order.

    After each turn ``after`` gets the rates so far, so that they are kept if the next turn is cut off.
    """
    rates: dict[str, list[float]] = {name: [] for name in arms}
    for turn in range(pairs):
        for name in list(arms)[:: 1 if turn % 2 == 0 else -1]:
            rates[name].append(arms[name]())
            print(f"turn {turn + 1}/{pairs}, {name}: {rates[name][-1]:,.0f} total tokens/s", flush=True)
        after(rates)


def compare(rates: Mapping[str, Sequence[float]], mine: str, base: str) -> dict[str, Any]:
    """Print and return the ratio of two arms that took turns: median, and 95 % interval of the mean."""
    ratios = [ours / theirs for ours, theirs in zip(rates[mine], rates[base], strict=True)]
    interval = paired_ratio(rates[mine], rates[base])
    text = f"{mine} / {base}: median {median(ratios):.4f}, 95 % interval {interval.low:.4f} to"
    print(f"{text} {interval.high:.4f}, {len(ratios)} pairs", flush=True)
    return {"mine": mine, "base": base, "median": median(ratios), "low": interval.low, "high": interval.high}


def keep(out: Path, case: Case, rates: Mapping[str, Sequence[float]], ratios: list[dict[str, Any]]) -> None:
    """Write the figures as JSON, with the run and the environment that they come from."""
    out.parent.mkdir(parents=True, exist_ok=True)
    content = {"run": case.run, "spec": case.spec, "environment": case.environment}
    out.write_text(json.dumps({**content, "rates": rates, "ratios": ratios}, indent=1) + "\n")
