"""Tidy tables of what was measured, which reports are made from.

in:  <results>/runs/{study}/{run}/, <results>/labels/, docs/reference/h800/ (the published figures)
out: <results>/config.json               the configuration in force
     <results>/tables/runs.csv .parquet  one row a run
     <results>/tables/starts.csv ...     one row a run and engine start
     <results>/tables/repeats.csv ...    one row a repeat
"""


rule write_config:
    """Write down the merged configuration; in the file's order, which alone makes nothing stale."""
    output:
        config="<results>/config.json",
    log:
        "<logs>/write_config.log",
    localrule: True
    params:
        config=lambda wildcards: canonical_json(CONFIG.model_dump()),
    run:
        Path(output.config).write_text(CONFIG.model_dump_json(indent=1) + "\n")


rule make_tables:
    """Collect every run into tidy tables."""
    input:
        measurements=[f"<results>/runs/{run.id}/measurement.json" for run in STARTS.values()],
        labels=expand("<results>/labels/{study}.parquet", study=STUDIES),
        config="<results>/config.json",
        published=committed("docs/reference/h800/*.csv"),
    output:
        runs=multiext("<results>/tables/runs", ".csv", ".parquet"),
        starts=multiext("<results>/tables/starts", ".csv", ".parquet"),
        repeats=multiext("<results>/tables/repeats", ".csv", ".parquet"),
    log:
        "<logs>/make_tables.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.make_tables"),
        runs=lambda wildcards, input: os.path.join(os.path.dirname(input.config), "runs"),
        labels=lambda wildcards, input: os.path.dirname(input.labels[0]),
        out=lambda wildcards, output: os.path.dirname(output.runs[0]),
    shell:
        "python3 -m scripts.make_tables --runs {params.runs:q} --labels {params.labels:q}"
        " --config {input.config:q} --out {params.out:q} 2>&1 | tee -i {log:q}"
