"""What a call of Snakemake would do, before it does it, and what would fail.

in:  the configuration, and whatever results are there
out: nothing; the plan is printed
"""


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
