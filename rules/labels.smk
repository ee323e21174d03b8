"""What the timed outputs say: labels read from output tokens, beside the gold labels.

in:  <results>/runs/{study}/{run}/, <results>/prompts/{prompts}/prompts.jsonl, the model's tokenizer
out: <results>/labels/{study}.parquet      one row a run, repeat, prompt and text
"""


rule score_labels:
    """Read the labels of one study's answers."""
    input:
        runs=files_of_starts("measurement.json", "requests.parquet"),
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
