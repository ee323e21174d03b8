"""What a call prints, in place of Snakemake's own text; docs/console.md. Included first; no rules here.

Its functions are called only once the configuration is read. They import what they need themselves, because each
job of a cluster parses the rules again, and needs none of it.
"""

import sys

if workflow.basedir not in sys.path:
    sys.path.insert(0, workflow.basedir)

from batchscope.console.knowledge import MEASURING as MEASURING_RULES
from batchscope.console.knowledge import Knowledge, Prediction, name_of_job
from batchscope.workflow import snakemake_internals as internals


def predictions():
    """Of the runs that this call will measure: seconds, as the plan of this machine has them."""
    from batchscope.planning.described_plan import RUN_S
    from batchscope.planning.seconds.machine_speed import measure_speed, this_machine
    from batchscope.planning.sweep_plan import plan_runs

    jobs = [job for job in internals.jobs_to_run(workflow) if job.rule.name in MEASURING_RULES]
    names = {name_of_job(job.rule.name, internals.wildcards_of(job)) for job in jobs}
    if not names:
        return {}
    machine, stale = this_machine(measure_speed()), dict.fromkeys(names, "to measure")
    planned = plan_runs(CONFIG, Path(internals.results_folder(workflow)), stale, machine)
    return {
        each.run: Prediction(each.seconds + RUN_S / machine.speed, each.engine, each.start_s)
        for each in planned
        if each.stale
    }


def names_of_targets():
    """What Snakemake calls each target, by the names that people may use."""
    results = internals.results_folder(workflow)
    shown = [path.replace("<results>", results) for path in targets_of_all()]
    pages = [path for path in shown if path.endswith(".html")]
    return {
        **{name: name for name in internals.names_of_targets(workflow)},
        **{path: path for path in shown},
        **{os.path.basename(path).removesuffix(".html"): path for path in pages},
        **{run.id: f"{results}/runs/{run.id}/measurement.json" for run in STARTS.values()},
        **{f"serving/{run.id}": f"{results}/serving/{run.id}/measurement.json" for run in SERVING.values()},
    }


def console():
    from batchscope.console.console import Console
    from batchscope.console.streams import Options

    return Console(
        Knowledge(
            predictions,
            names_of_targets,
            summary=lambda: f"{internals.results_folder(workflow)}/report.html",
            runs=lambda: len(STARTS) + len(SERVING),
        ),
        Options(internals.quietness(workflow), internals.has_colours(workflow), internals.log_file(workflow)),
    )


internals.replace_output(workflow, console)
