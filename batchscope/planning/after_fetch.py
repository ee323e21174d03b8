"""A second look at a model of the hub, once it is fetched: before that nothing was known of it.

The first look, before a call's first job, writes down what the call will measure. The job that fetches a
model reads that, so that an engine which cannot load the model is never started.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import replacing
from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.planning.checks import engine_arguments, gemm, memory, models
from batchscope.planning.checks.situation import Situation
from batchscope.planning.problems import Finding, Problem, describe_problems, problems_of
from batchscope.planning.prompt_fit import prompt_problems
from batchscope.planning.sweep_plan import name_in_plan
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.starts import with_starts

VARIABLE = "BATCHSCOPE_CALL"
"""Names the variable by which jobs find what their call will measure."""

FILE = Path(".snakemake", "batchscope", "call.json")


def write_down(situation: Situation) -> None:
    """For jobs of this call: the configuration, and the runs that it will measure."""
    FILE.parent.mkdir(parents=True, exist_ok=True)
    call = {
        "config": situation.config.model_dump(mode="json"),
        "runs": [name_in_plan(run) for run in situation.runs],
        "elsewhere": situation.elsewhere,
        "products": list(situation.products),
    }
    with replacing(FILE) as path:
        path.write_text(json.dumps(call), encoding="utf-8")
    os.environ[VARIABLE] = str(FILE.absolute())


def look_again(model: str, folder: Path, results: Path) -> None:
    """Look at a model that has just been fetched, with all engines that this call will start for it.

    Outside of a call that measures there is nothing to look at.

    Args:
        model: its name in the configuration.
        folder: its files, wherever they are for now; messages name the repository.
        results: folder of the results.

    Raises:
        UserError: a list of what is wrong.
    """
    file = Path(os.environ.get(VARIABLE) or "nowhere")
    if not file.is_file():
        return
    call = json.loads(file.read_text(encoding="utf-8"))
    repository = call["config"]["models"][model]["id"]
    situation = _of_model(call, model, folder, results)
    of_prompts = prompt_problems(situation.config, situation.runs, results)
    problems = problems_of([*_findings(situation), *of_prompts])
    if problems:
        raise UserError(describe_problems([_named(each, str(folder), repository) for each in problems]))


def _of_model(call: Mapping[str, Any], model: str, folder: Path, results: Path) -> Situation:
    """The runs of one model, as if the folder were what the user had named."""
    here = {**call["config"]["models"][model], "source": "local", "path": str(folder)}
    config = load_config(call["config"] | {"models": {**call["config"]["models"], model: here}})
    runs = [
        run
        for run in (*with_starts(expand_studies(config)), *expand_serving(config))
        if run.engine.model == model and name_in_plan(run) in call["runs"]
    ]
    products = [name for name in call["products"] if name == model]
    return Situation(config, results, runs, elsewhere=call["elsewhere"], products=products)


def _findings(situation: Situation) -> Iterable[Finding]:
    for check in (models.check, engine_arguments.check, gemm.check, memory.check):
        yield from check(situation)


def _named(problem: Problem, folder: str, repository: str) -> Problem:
    words = {key: getattr(problem, key).replace(folder, repository) for key in ("where", "what", "remedy")}
    return replace(problem, **words)
