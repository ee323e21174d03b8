"""What a call of Snakemake would do, before it does it.

in:  the configuration, and whatever results are there
out: nothing; the plan is printed
"""


rule plan:
    """Print runs, prompts, tokens, predicted minutes, what is stale and why; with --config nodes=N a queue too."""
    input:
        config="<results>/config.json",
    log:
        "<logs>/plan.log",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    params:
        nodes=f"--nodes {CONFIG.nodes}" if CONFIG.nodes else "",
    shell:
        "python3 -m scripts.plan --config {input.config:q} {params.nodes} 2>&1 | tee -i {log:q}"
