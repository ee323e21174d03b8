"""A look at what would fail, before a call's first job; docs/plan.md tells what is looked at. No rules here.

in:  the configuration, and the jobs that this call would run
out: nothing; a call that would fail ends with a list of what is wrong. Jobs that fetch a model look at it again
"""

from batchscope.workflow import snakemake_internals as internals

NEED_AN_ENGINE = {"measure": run_of, "serve": load_of, "profile_run": run_of}


def refuse_what_cannot_end_well():
    """Stop this call, before it does anything, if one of its measurements would fail."""
    if os.environ.get("BATCHSCOPE_PREFLIGHT") == "off":
        return
    planned = internals.jobs_to_run(workflow)
    jobs = [job for job in planned if job.rule.name in NEED_AN_ENGINE]
    products = [job for job in planned if job.rule.name == "measure_gemm"]
    if not (jobs or products) or not internals.is_first_parse(workflow) or internals.only_touches(workflow):
        return
    # imported here, because every job parses this file
    from batchscope.planning.after_fetch import write_down
    from batchscope.planning.checks.registry import findings
    from batchscope.planning.checks.situation import Situation
    from batchscope.planning.problems import describe_problems, problems_of
    from batchscope.planning.prompt_fit import prompt_problems

    situation = Situation(
        CONFIG,
        # results/runs/STUDY/RUN/FILE, and the like of a load point or a capture; results/gemm/FILE
        Path(jobs[0].output[0]).parents[3] if jobs else Path(products[0].output[0]).parents[1],
        [NEED_AN_ENGINE[job.rule.name](job.wildcards) for job in jobs],
        {job.wildcards.profiler for job in jobs if job.rule.name == "profile_run"},
        elsewhere=ON_CLUSTER,
        products=[job.wildcards.model for job in products],
    )
    of_prompts = prompt_problems(CONFIG, situation.runs, situation.results)
    if problems := problems_of([*findings(situation), *of_prompts]):
        raise SystemExit(f"error: {describe_problems(problems)}")
    write_down(situation)
