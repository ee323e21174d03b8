"""The configuration, checked, and its runs; what the other rules share. No rules here.

Parsing happens again in every cluster job: it reads the configuration and the names of installed packages,
and touches no network, no GPU and no data.
"""

import os
import re
import sys
from pathlib import Path

ROOT = workflow.basedir
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.profile import PROFILERS
from batchscope.config.profile import module_of as module_of_profiler
from batchscope.inputs.texts.sources import SOURCES
from batchscope.inputs.texts.sources import module_of as module_of_source
from batchscope.jobs.environments import export_to_jobs, installed_versions, warning
from batchscope.jobs.failures.asked_elsewhere import said_no_elsewhere
from batchscope.profiling.profiled_runs import profiled_runs
from batchscope.reports.registry import FILES, REPORTS, check_study_names
from batchscope.reports.serving.offline_counterparts import runs_beside
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.order import measuring_order, runs_by_engine
from batchscope.studies.starts import with_starts
from batchscope.studies.turns import turns_of_engines
from batchscope.studies.prompt_spec import prompt_spec
from batchscope.common.canonical_json import canonical_json
from batchscope.common.quiet_exit import exit_undisturbed
from batchscope.studies.run_spec import run_spec
from batchscope.workflow.code_digest import code_text
from batchscope.workflow.snakemake_internals import (
    end_when_told,
    is_first_parse,
    is_on_cluster,
    keep_earlier_results,
    keep_group_together,
    limit_resource,
    make_again,
    results_folder,
)
from batchscope.workflow.user_files import as_inputs, stamp, stamp_of_those_there

# Of rules that mark their outputs with update(...): prompts and models that are made again repeat measurements.
keep_earlier_results()
end_when_told()
exit_undisturbed()

try:
    CONFIG = load_config(config)
    check_study_names(CONFIG.studies)
    RUNS = {(run.study, run.name): run for run in expand_studies(CONFIG)}
    # Each run in each of its engine starts; the first has the run's name.
    STARTS = {(run.study, run.name): run for run in with_starts(list(RUNS.values()))}
    SERVING = {(run.study, run.name): run for run in expand_serving(CONFIG)}
except UserError as error:
    # A WorkflowError would add lines of this file to the message.
    raise SystemExit(f"error: {error}") from None

ON_CLUSTER = is_on_cluster(workflow)
ORDER = measuring_order(list(STARTS.values()))
ENGINES = {run: name for name, ids in runs_by_engine(list(STARTS.values())).items() for run in ids}
SERVERS = {run: name for name, ids in runs_by_engine(list(SERVING.values())).items() for run in ids}
SERVING_ORDER = measuring_order(list(SERVING.values()))
STUDIES = list(CONFIG.active_studies)
RECORDS = ("measurement.json", "environment.json", "requests.parquet", "steps.parquet", "hardware.parquet")
SERVED = ("measurement.json", "environment.json", "client.parquet", "steps.parquet", "hardware.parquet")
# The configuration, whose values are parameters; and what only starts, watches and words things.
TOLD_ELSEWHERE = ("batchscope.config", "batchscope.jobs")
PROMPT_SETS = {run.prompts.id: run.prompts for run in (*RUNS.values(), *SERVING.values())}
export_to_jobs(CONFIG.environments, CONFIG.core_sets)
VERSIONS = {name: installed_versions(environment) for name, environment in CONFIG.environments.items()}

for name in sorted({run.engine.environment for run in (*RUNS.values(), *SERVING.values())}):
    if is_first_parse(workflow) and (text := warning(VERSIONS[name])):
        print(f"warning: environments.{name}: {text}", file=sys.stderr)


wildcard_constraints:
    study="|".join(map(re.escape, CONFIG.active_studies)),
    run="|".join(map(re.escape, sorted({name for _, name in STARTS}))),
    serving_study="|".join(map(re.escape, CONFIG.serving.active_studies)),
    load_point="|".join(map(re.escape, sorted({name for _, name in SERVING}))),
    prompts="|".join(map(re.escape, PROMPT_SETS)),
    model="|".join(map(re.escape, CONFIG.models)),


def code_of(*modules, without=()):
    """What stands, as a parameter, for the logic of all that a rule runs.

    ``without``: modules that are left out, with all that they alone import.
    """
    return lambda wildcards: code_text(modules, without)


def committed(*patterns):
    """Files of this checkout as inputs: by content, so that a checkout there and back reruns nothing."""
    found = sorted(path for pattern in patterns for path in Path(ROOT).glob(pattern))
    return [os.path.relpath(path) for path in found]


def run_of(wildcards):
    return STARTS[wildcards.study, wildcards.run]


def allocation(wildcards):
    """No file: in an allocation of a cluster, one Snakemake for all its runs, hence one engine."""
    keep_group_together(workflow, "engine", len(STARTS) + len(SERVING))
    return []


def asked_again(folder):
    """No file: what an engine said no to on another machine is asked again on this one.

    ``folder``: that of its results, below ``<results>``, with wildcards.
    """

    def look(wildcards):
        below = folder.format(**dict(wildcards.items()))
        path = os.path.join(results_folder(workflow), below, "measurement.json")
        if is_first_parse(workflow) and not ON_CLUSTER and said_no_elsewhere(Path(path)):
            make_again(workflow, path)
        return []

    return look


def engine_of(wildcards):
    """The allocation that a run shares with others; on one machine groups mean nothing."""
    return ENGINES[run_of(wildcards).id]


def load_of(wildcards):
    return SERVING[wildcards.serving_study, wildcards.load_point]


def server_of(wildcards):
    """The allocation that a load point shares with others."""
    return SERVERS[load_of(wildcards).id]


def loads_of_study(wildcards):
    return [run for run in SERVING.values() if run.study == wildcards.serving_study]


def device_of(run):
    return CONFIG.environments[run.engine.environment].device


def dataset_files(wildcards):
    return as_inputs(SOURCES[CONFIG.dataset.source].files(CONFIG.dataset))


def dataset_stamp(wildcards):
    """Of files that cannot be inputs."""
    return stamp(SOURCES[CONFIG.dataset.source].files(CONFIG.dataset))


def dataset_spec(wildcards):
    """The source in use and how texts are chosen; values of the other sources make nothing stale."""
    dataset = CONFIG.dataset
    spec = dataset.model_dump(include={"source", "deduplicate", dataset.source})
    order = {"select": dataset.selection, "seed": dataset.seed}
    return canonical_json(spec | (order if dataset.selection != "first" else {"select": "first"}))


def labels_spec(wildcards):
    """The words that gold labels may be; what the model is told about them makes no text stale."""
    labels = [{"name": label.name, "spellings": label.spellings} for label in CONFIG.task.labels]
    return canonical_json({"labels": labels})


def code_of_dataset(wildcards):
    """The source in use. Neither the others nor the list of them: a rerun of the data set reruns every measurement."""
    others = [module_of_source(name) for name in SOURCES if name != CONFIG.dataset.source]
    left_out = ["batchscope.config", "batchscope.inputs.texts.sources", *others]
    return code_text(["scripts.make_dataset", module_of_source(CONFIG.dataset.source)], left_out)


def files_of_model(model):
    asset = CONFIG.models[model]
    names = ("config.json", "tokenizer.json") if asset.source == "local" else ()
    return [str(asset.folder / name) for name in names]


def model_files(wildcards):
    return as_inputs(files_of_model(wildcards.model))


def other_models(wildcards):
    """What makes and trains the demo's model, or 2:4 weights, for a model that is none of them."""
    asset = CONFIG.models[wildcards.model]
    made = ["batchscope.worker.demo_model_training"] if asset.load_format == "dummy" else []
    made += [] if asset.pattern else ["batchscope.inputs.sparsity", "batchscope.worker.sparsity"]
    return (
        made if asset.source == "demo" else [*made, "batchscope.inputs.demo_model", "batchscope.inputs.texts"]
    )


def trainer_of(model):
    """The engine environment that trains the demo's model, or reads 2:4 weights; none for other models.

    It is one that measures the model.
    """
    asset = CONFIG.models[model]
    if not asset.pattern and (asset.source != "demo" or asset.load_format == "dummy"):
        return ""
    runs = (*RUNS.values(), *SERVING.values())
    users = {run.engine.environment for run in runs if run.engine.model == model}
    return min(users, default=CONFIG.engine.environment)


def spec_of_prompts(wildcards):
    """The prompt set and its wording; that of other prompts makes nothing stale."""
    runs = (*RUNS.values(), *SERVING.values())
    return canonical_json(prompt_spec(PROMPT_SETS[wildcards.prompts], runs, CONFIG))


def prompts_of_run(name):
    return lambda wildcards: f"<results>/prompts/{run_of(wildcards).prompts.id}/{name}"


def runs_of_study(wildcards):
    return [run for run in RUNS.values() if run.study == wildcards.study]


def files_of_study(*names):
    """Those files of every run of the study that a rule's wildcards name."""
    return lambda wildcards: [
        f"<results>/runs/{run.id}/{name}" for run in runs_of_study(wildcards) for name in names
    ]


def files_of_starts(*names):
    """Those files of every engine start of every run of the study that a rule's wildcards name."""
    return lambda wildcards: [
        f"<results>/runs/{run.id}/{name}"
        for run in STARTS.values()
        if run.study == wildcards.study
        for name in names
    ]


def captures_of_config(profilers):
    """Those of the profilers that are asked for, of every profiled run.

    Looked up only when profiles are wanted: a study that an overlay drops stops nothing else.
    """
    return lambda wildcards: [
        f"<results>/profiles/{run}/{name}"
        for run in runs_of_profile()
        for name in CONFIG.profile.profilers
        if name in profilers
    ]


def runs_of_profile():
    try:
        return profiled_runs(CONFIG.profile.runs, [run.id for run in RUNS.values()])
    except UserError as error:
        raise SystemExit(f"error: {error}") from None


def code_of_capture(wildcards):
    """The profiler in use, what plans the window, and the worker's side; the engine's pool only makes room.

    Neither the other profilers nor the list of them, which is part of the configuration.
    """
    others = [module_of_profiler(name) for name in PROFILERS if name != wildcards.profiler]
    modules = ["scripts.profile_run", module_of_profiler(wildcards.profiler)]
    return code_text(modules, [*TOLD_ELSEWHERE, *others])


# Devices on which runs may go at the same time, on one machine.
DEVICES = 1 if ON_CLUSTER else max(CONFIG.gpus, len(CONFIG.core_sets), 1)
TURNS = turns_of_engines([*STARTS.values(), *SERVING.values()], DEVICES)
for turn in sorted(set(TURNS.values())):
    limit_resource(workflow, turn, 1)


def turns_of(engine_of_job):
    """A resource for each turn, of which a job takes its own; where one job runs at a time there is none."""
    return {
        turn: lambda wildcards, turn=turn: int(TURNS[engine_of_job(wildcards)] == turn)
        for turn in sorted(set(TURNS.values()))
    }


def gpus_of(run):
    return run.gpus if device_of(run) == "cuda" else 0


def gpus_of_run(wildcards):
    return gpus_of(run_of(wildcards))


def threads_of(run):
    """On CPU no other job may take cores from a timed window, if it has all; --cores scales this down."""
    return os.cpu_count() if device_of(run) == "cpu" and not CONFIG.core_sets else 1


def threads_of_run(wildcards):
    return threads_of(run_of(wildcards))


def gemm_environment():
    return CONFIG.gemm.environment or CONFIG.engine.environment


def gemm_device():
    return CONFIG.environments[gemm_environment()].device
