"""Runs on vLLM's server: one job per load point, one server for all that share its configuration.

in:  <results>/prompts/{prompts}/, <results>/models/{model}/, the run's engine configuration, workload and load
out: <results>/serving/{asked}/{point}/measurement.json    what was asked, counts, validity, how late the client was
     <results>/serving/{asked}/{point}/bench.json          the result of `vllm bench serve`, an array value a request
     <results>/serving/{asked}/{point}/client.parquet      one row per request, as the client saw it
     <results>/serving/{asked}/{point}/steps.parquet       one row per engine step of the server
     <results>/serving/{asked}/{point}/hardware.parquet    samples of GPU or CPU meanwhile
     <results>/serving/{asked}/{point}/environment.json    GPU, driver, CPU, versions, commit
"""


rule serve:
    """Warm up, then send one load and wait for all answers."""
    input:
        allocation,
        prompts=lambda wildcards: f"<results>/prompts/{load_of(wildcards).prompts.id}/prompts.jsonl",
        summary=lambda wildcards: f"<results>/prompts/{load_of(wildcards).prompts.id}/prompts.json",
        model=lambda wildcards: f"<results>/models/{load_of(wildcards).engine.model}/manifest.json",
    output:
        measurement="<results>/serving/{asked}/{point}/measurement.json",
        bench="<results>/serving/{asked}/{point}/bench.json",
        client="<results>/serving/{asked}/{point}/client.parquet",
        steps="<results>/serving/{asked}/{point}/steps.parquet",
        hardware="<results>/serving/{asked}/{point}/hardware.parquet",
        environment="<results>/serving/{asked}/{point}/environment.json",
    log:
        "<logs>/serve/{asked}/{point}.log",
    # After the runs on offline engines, server by server.
    priority: lambda wildcards: SERVING_ORDER[load_of(wildcards).id] - len(SERVING) - 1
    group:
        server_of
    conda:
        "../envs/workflow.yaml"
    threads: lambda wildcards: threads_of(load_of(wildcards))
    resources:
        gpu=lambda wildcards: gpus_of(load_of(wildcards)),
        device=lambda wildcards: max(gpus_of(load_of(wildcards)), 1),
        timeout_s=lambda wildcards: load_of(wildcards).load.timeout_s,
        runtime=lambda wildcards: load_of(wildcards).load.timeout_s // 60 + 5,
        # here, because another port measures nothing else; 0: a free one
        port=CONFIG.serving.port or 0,
    params:
        code=code_of("batchscope.worker.server.__main__"),
        spec=lambda wildcards: canonical_json(
            run_spec(
                load_of(wildcards),
                CONFIG,
                VERSIONS[load_of(wildcards).engine.environment],
            )
        ),
        model=lambda wildcards, input: os.path.dirname(input.model),
        out=lambda wildcards, output: os.path.dirname(output.measurement),
    shell:
        "python3 -m scripts.serve --run {wildcards.asked:q}/{wildcards.point:q} --spec {params.spec:q}"
        ' --environments "$BATCHSCOPE_ENVIRONMENTS" --port {resources.port} --gpus {resources.gpu}'
        " --timeout {resources.timeout_s} --prompts {input.prompts:q} --prompts-summary {input.summary:q}"
        " --model {params.model:q} --out {params.out:q} --log {log:q}"


rule report_serving:
    """Lay out one study of the server: vLLM's result line by line, its limits, every request over time."""
    input:
        points=lambda wildcards: [
            f"<results>/serving/{run.id}/{name}" for run in loads_of_study(wildcards) for name in SERVED
        ],
        offline=lambda wildcards: [
            f"<results>/runs/{run.id}/{name}" for run in offline_beside(wildcards) for name in RECORDS
        ],
        config="<results>/config.json",
        published=committed("docs/reference/h800/serving.csv"),
    output:
        tables=multiext("<results>/tables/serving_{asked}", ".md", ".csv"),
        page=report(
            "<results>/tables/serving_{asked}.html",
            category="Serving",
            labels={"study": "{asked}", "shows": "table"},
            caption="../report/serving.rst",
        ),
        png="<results>/plots/serving_{asked}.png",
        svg=report(
            "<results>/plots/serving_{asked}.svg",
            category="Serving",
            labels={"study": "{asked}", "shows": "plot"},
            caption="../report/serving.rst",
        ),
        timelines=report(
            directory("<results>/timelines/serving_{asked}"),
            patterns=["{point}.svg"],
            category="Serving",
            subcategory="{asked}",
            labels={"study": "{asked}", "shows": "{point}"},
            caption="../report/serving_timeline.rst",
        ),
    log:
        "<logs>/report_serving/{asked}.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.report_serving"),
        points=lambda wildcards, input: list(dict.fromkeys(map(os.path.dirname, input.points))),
        offline=lambda wildcards, input: list(dict.fromkeys(map(os.path.dirname, input.offline))),
        tables=lambda wildcards, output: os.path.dirname(output.page),
        plots=lambda wildcards, output: os.path.dirname(output.svg),
    shell:
        "python3 -m scripts.report_serving {params.points:q} --config {input.config:q}"
        " --study {wildcards.asked:q} --out-tables {params.tables:q} --out-plots {params.plots:q}"
        " --out-timelines {output.timelines:q} --offline {params.offline:q} 2>&1 | tee -i {log:q}"
