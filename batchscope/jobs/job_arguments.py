"""A job: one run as its rule describes it, on the command line of the script that measures or profiles it."""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchscope.common.answer_limits import AskedAnswers, exactly
from batchscope.common.atomic_files import sha256_of
from batchscope.common.errors import UserError
from batchscope.config.engine import Environment
from batchscope.config.prompts import LAYOUTS
from batchscope.config.workload import Workload
from batchscope.inputs.answers.limits import answers_asked
from batchscope.inputs.context import context_length
from batchscope.inputs.models import load_tokenizer
from batchscope.jobs.environments import require
from batchscope.jobs.fitted_run import fitted_spec, why_unfit
from batchscope.studies.run_spec import task_of


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
    answers: AskedAnswers
    """how long answers may be, and what they may say"""
    model: Path
    out: Path
    log: Path
    unfit: str | None = None
    """why it cannot be, and is left out; None: it can"""

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
    answers = answers_of(spec, summary, args.model)
    context = context_length(args.model, spec["engine"]["args"])
    unfit = why_unfit(spec, summary, answers, context)
    summary.pop("largest_n", None)
    if unfit is None:
        check_fits(args.run, summary, answers, context)
    return Job(
        run=args.run,
        spec=fitted_spec(spec, summary),
        python=python,
        gpus=args.gpus,
        timeout_s=args.timeout,
        prompts=args.prompts,
        summary=summary,
        answers=answers,
        model=args.model,
        out=args.out,
        log=args.log,
        unfit=unfit,
    )


def check_asked(job: Job) -> None:
    """Refuse prompts that are not those that prompts.json counts, before an engine is asked.

    Raises:
        UserError: the file is another one or empty; or of the texts for a server, some are missing.
    """
    remedy = f"delete {job.prompts.parent} and rerun, which makes them again"
    try:
        content = sha256_of(job.prompts)
    except OSError as error:
        raise UserError(f"{job.run}: {job.prompts}: {error.strerror}; {remedy}") from None
    if content != job.summary["sha256"]:
        raise UserError(f"{job.run}: {job.prompts}: not the prompts that prompts.json counts; {remedy}")
    if job.unfit is None and not job.summary["prompts"]:
        raise UserError(f"{job.run}: {job.prompts}: it holds no prompt; {remedy}")


def check_texts(job: Job, texts: Path) -> None:
    """Refuse texts for a server that cannot be those of the prompts: one line is that of each n-th prompt.

    Raises:
        UserError: there are none, or too few or too many.
    """
    lines = texts.read_bytes().count(b"\n") if texts.exists() else 0
    if not lines or job.summary["prompts"] % lines:
        raise UserError(
            f"{job.run}: {texts}: {lines:,} texts for {job.summary['prompts']:,} prompts; "
            f"delete {texts.parent} and rerun, which makes them again"
        )


def answers_of(spec: dict[str, Any], prompts: dict[str, Any], model: Path) -> AskedAnswers:
    """What a run asks for beside its prompts; the tokenizer is read only where labels decide it.

    Args:
        spec: the run's.
        prompts: prompts.json.
        model: the model's folder.
    """
    workload, sizes = Workload.model_validate(spec["workload"]), sizes_of(prompts)
    if not workload.needs_labels:
        return exactly(workload.planned_tokens_per_text, *sizes)
    packed = LAYOUTS[workload.layout].packs
    return answers_asked(workload, task_of(spec), sizes, load_tokenizer(model), packed)


def sizes_of(prompts: dict[str, Any]) -> list[int]:
    """How many texts the prompts hold: n, and the last of a pass what remains."""
    n, rest = prompts["n"], prompts["texts"] % prompts["n"]
    return [n, rest] if rest else [n]


def check_fits(run: str, prompts: dict[str, Any], answers: AskedAnswers, context: int) -> None:
    """Refuse a prompt that is too long for the engine before the engine is started.

    Raises:
        UserError: the longest request is longer than the context, ``max_model_len``.
    """
    longest = prompts["longest_prompt"]
    needed = longest["tokens"] + answers.limits[longest["n"]].most
    if needed > context:
        raise UserError(
            f"{run}: prompt {longest['id']} needs {needed} tokens with output and max_model_len is {context};"
            f" raise engine.args.max_model_len to {needed} or more, or lower n"
        )
