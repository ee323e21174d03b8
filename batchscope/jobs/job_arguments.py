"""A job: one run as its rule describes it, on the command line of the script that measures or profiles it."""

import argparse
import json
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from batchscope.common.errors import UserError
from batchscope.config.engine import Environment
from batchscope.inputs.context import context_length
from batchscope.jobs.environments import require


@dataclass(frozen=True)
class Job:
    """One run, as its rule describes it."""

    run: str
    """study/run"""
    spec: dict[str, Any]
    python: str
    """path of the Python of the run's engine environment"""
    gpus: int
    """0 on CPU"""
    timeout_s: float
    prompts: Path
    summary: dict[str, Any]
    """prompts.json"""
    model: Path
    out: Path
    log: Path

    @property
    def identity(self) -> dict[str, str]:
        """``study`` and ``run``."""
        study, run = self.run.split("/")
        return {"study": study, "run": run}

    def describe(self) -> str:
        """Its prompts, for a line to the terminal."""
        return f"{self.summary['prompts']:,} prompts, {self.summary['prompt_tokens']:,} prompt tokens"


def job_arguments(description: str | None, timeout_s: float) -> argparse.ArgumentParser:
    """A parser with the arguments that every job gets; ``timeout_s`` is the default of ``--timeout``."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--run", required=True, help="study/run, the run's name")
    parser.add_argument("--spec", required=True, help="JSON: all that decides the run")
    parser.add_argument("--environments", required=True, help="JSON: engine environment to its Python")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs that the engine uses; 0 on CPU")
    parser.add_argument("--timeout", type=float, default=timeout_s, help="seconds until it is stopped")
    parser.add_argument("--prompts", type=Path, required=True, help="prompts.jsonl")
    parser.add_argument("--prompts-summary", type=Path, required=True, help="prompts.json")
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--out", type=Path, required=True, help="folder for the results")
    parser.add_argument("--log", type=Path, required=True, help="file for what the engine says")
    return parser


def read_job(args: argparse.Namespace) -> Job:
    """The job that parsed arguments describe.

    Raises:
        UserError: its engine environment is not there, or a prompt is longer than the model's context.
    """
    spec = json.loads(args.spec)
    summary = json.loads(args.prompts_summary.read_text(encoding="utf-8"))
    summary.pop("example", None)  # a text of the user's; measurements go to others
    name = spec["engine"]["environment"]
    python = require(name, Environment(python=json.loads(args.environments)[name], device=spec["device"]))
    check_fits(args.run, spec, summary, context_length(args.model))
    return Job(
        args.run, spec, python, args.gpus, args.timeout, args.prompts, summary, args.model, args.out, args.log
    )


def check_fits(run: str, spec: dict[str, Any], prompts: dict[str, Any], context: int) -> None:
    """Refuse a prompt that is too long for the engine before the engine is started.

    Raises:
        UserError: the longest request is longer than ``max_model_len``.
    """
    longest, per_review = prompts["longest_prompt"], spec["workload"]["output_tokens_per_review"]
    needed = longest["tokens"] + longest["n"] * per_review
    limit = spec["engine"]["args"].get("max_model_len", context)
    if needed > limit:
        raise UserError(
            f"{run}: prompt {longest['id']} needs {needed} tokens with output and max_model_len is {limit}; "
            f"raise engine.args.max_model_len to {needed} or more, or lower n"
        )


def restriction(spec: dict[str, Any], prompts: dict[str, Any]) -> dict[str, list[int]]:
    """``allowed_token_ids`` of a job whose decoding is restricted to labels; empty for any other job.

    Raises:
        UserError: the tokenizer has no single token for a label.
    """
    if spec["workload"].get("decoding", "free") == "free":
        return {}
    for label, ids in prompts["label_token_ids"].items():
        if not ids:
            raise UserError(
                f"decoding: labels needs one token for each label, and this tokenizer splits '{label}'; "
                "set decoding: free"
            )
    return {"allowed_token_ids": sorted(chain.from_iterable(prompts["label_token_ids"].values()))}
