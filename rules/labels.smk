"""What the timed outputs say: labels read from output tokens, held against the gold labels.

in:  <results>/runs/{study}/{run}/, <results>/prompts/{prompts}/prompts.jsonl, the model's tokenizer
out: <results>/labels/{study}.parquet      one row a run, repeat, prompt and review
     <results>/tables/labels.md .html .csv accuracy, coverage, confusion, differences between runs
     <results>/plots/labels.png .svg
"""


rule score_labels:
    """Read the labels of one study's answers."""
    input:
        runs=files_of_study("measurement.json", "requests.parquet"),
        prompts=lambda wildcards: sorted(
            f"<results>/prompts/{run.prompts.id}/prompts.jsonl" for run in runs_of_study(wildcards)
        ),
        models=lambda wildcards: sorted(
            {f"<results>/models/{run.engine.model}/manifest.json" for run in runs_of_study(wildcards)}
        ),
        config="<results>/config.json",
    output:
        labels="<results>/labels/{study}.parquet",
    log:
        "<logs>/score_labels/{study}.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.score_labels"),
        results=lambda wildcards, input: os.path.dirname(input.config),
    shell:
        "python3 -m scripts.score_labels --runs {params.results:q}/runs --prompts {params.results:q}/prompts"
        " --models {params.results:q}/models --config {input.config:q} --study {wildcards.study:q}"
        " --out {output.labels:q} 2>&1 | tee -i {log:q}"


rule report_labels:
    """Judge the labels of all studies: how right they are, and which runs are righter."""
    input:
        runs="<results>/tables/runs.parquet",
        labels=expand("<results>/labels/{study}.parquet", study=STUDIES),
        config="<results>/config.json",
    output:
        tables=multiext("<results>/tables/labels", ".md", ".csv"),
        page=report(
            "<results>/tables/labels.html",
            category="Answers",
            labels={"study": "labels"},
            caption="../report/labels.rst",
        ),
        png="<results>/plots/labels.png",
        svg=report(
            "<results>/plots/labels.svg",
            category="Plots",
            labels={"study": "labels"},
            caption="../report/labels.rst",
        ),
    log:
        "<logs>/report_labels.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.report_labels"),
        labels=lambda wildcards, input: os.path.dirname(input.labels[0]),
        tables=lambda wildcards, output: os.path.dirname(output.page),
        plots=lambda wildcards, output: os.path.dirname(output.svg),
    shell:
        "python3 -m scripts.report_labels --tables {input.runs:q} --labels {params.labels:q}"
        " --config {input.config:q} --out-tables {params.tables:q} --out-plots {params.plots:q}"
        " 2>&1 | tee -i {log:q}"
