"""The verdict of all studies: the setting to use, how sure that is, and what to do next; docs/verdict.md.

in:  <results>/config.json, tables/runs.parquet, cost.csv, serving_{serving_study}.csv, labels/,
     runs/ and serving/ (what was measured), prompts/ (a prompt to copy)
out: <results>/verdict.json
"""


rule make_verdict:
    """Decide which setting to use, and what is to be said of it."""
    input:
        config="<results>/config.json",
        runs="<results>/tables/runs.parquet",
        cost="<results>/tables/cost.csv",
        serving=expand("<results>/tables/serving_{study}.csv", study=CONFIG.serving.active_studies),
        labels=expand("<results>/labels/{study}.parquet", study=STUDIES),
        measurements=[f"<results>/runs/{run.id}/measurement.json" for run in RUNS.values()],
        load_points=[f"<results>/serving/{run.id}/measurement.json" for run in SERVING.values()],
        prompts=[f"<results>/prompts/{name}/texts.jsonl" for name in PROMPT_SETS],
    output:
        verdict="<results>/verdict.json",
    log:
        "<logs>/make_verdict.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.make_verdict"),
        results=lambda wildcards, input: os.path.dirname(input.config),
    shell:
        "python3 -m scripts.make_verdict --results {params.results:q} --out {output.verdict:q} 2>&1 | tee -i {log:q}"
