"""What each run had to compute and move, and how long the cost model says that takes.

in:  <results>/runs/{study}/{run}/
out: <results>/tables/cost.md .html .csv  work by part, predicted and measured seconds, what limits each run
     <results>/plots/cost.png .svg        work and reviews/s over n, break-even n, measured over predicted
"""


rule report_cost:
    """Hold all runs against the cost model."""
    input:
        runs=[f"<results>/runs/{run.id}/{name}" for run in RUNS.values() for name in RECORDS],
        config="<results>/config.json",
    output:
        tables=multiext("<results>/tables/cost", ".md", ".csv"),
        page=report(
            "<results>/tables/cost.html",
            category="Answers",
            labels={"study": "cost"},
            caption="../report/cost.rst",
        ),
        png="<results>/plots/cost.png",
        svg=report(
            "<results>/plots/cost.svg",
            category="Plots",
            labels={"study": "cost"},
            caption="../report/cost.rst",
        ),
    log:
        "<logs>/report_cost.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.report_cost"),
        runs=lambda wildcards, input: os.path.join(os.path.dirname(input.config), "runs"),
        tables=lambda wildcards, output: os.path.dirname(output.page),
        plots=lambda wildcards, output: os.path.dirname(output.svg),
    shell:
        "python3 -m scripts.report_cost --runs {params.runs:q} --config {input.config:q}"
        " --out-tables {params.tables:q} --out-plots {params.plots:q} 2>&1 | tee -i {log:q}"
