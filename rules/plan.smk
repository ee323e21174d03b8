"""What a call of Snakemake would do, before it does it; and whether it can.

in:  the configuration, and whatever results are there
out: nothing; the plan is printed
"""

from batchscope.workflow import snakemake_internals as internals

NEED_AN_ENGINE = {"measure": run_of, "serve": load_of, "profile_run": run_of}


def refuse_what_cannot_end_well():
    """Stop this call, before it does anything, if one of its measurements would fail."""
    jobs = [job for job in internals.jobs_to_run(workflow) if job.rule.name in NEED_AN_ENGINE]
    if not jobs or not internals.is_first_parse(workflow) or internals.only_touches(workflow):
        return
    # imported here, because every job parses this file
    from batchscope.planning.checks.registry import findings
    from batchscope.planning.checks.situation import Situation
    from batchscope.planning.problems import describe_problems, problems_of

    situation = Situation(
        CONFIG,
        # results/runs/STUDY/RUN/FILE, and the like of a load point or a capture
        Path(jobs[0].output[0]).parents[3],
        [NEED_AN_ENGINE[job.rule.name](job.wildcards) for job in jobs],
        {job.wildcards.profiler for job in jobs if job.rule.name == "profile_run"},
        elsewhere=ON_CLUSTER,
    )
    if problems := problems_of(findings(situation)):
        raise SystemExit(f"error: {describe_problems(problems)}")


rule write_plan_config:
    """The configuration of this plan: that of the last sweep stays where it is."""
    output:
        config="<results>/.plan/config.json",
    log:
        "<logs>/write_plan_config.log",
    localrule: True
    params:
        config=lambda wildcards: canonical_json(CONFIG.model_dump()),
    run:
        Path(output.config).write_text(CONFIG.model_dump_json(indent=1) + "\n")


rule plan:
    """Print runs, prompts, tokens, predicted minutes, what is stale and why, and what is wrong; with --config nodes=N a queue too."""
    input:
        config="<results>/.plan/config.json",
    log:
        "<logs>/plan.log",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    params:
        results=lambda wildcards, input: os.path.dirname(os.path.dirname(input.config)),
        nodes=f"--nodes {CONFIG.nodes}" if CONFIG.nodes else "",
    shell:
        "python3 -m scripts.plan --config {input.config:q} --results {params.results:q} {params.nodes}"
        " 2>&1 | tee -i {log:q}"
