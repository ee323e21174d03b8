"""Runs on vLLM's server: one job per load point, one server for all that share its configuration.

in:  <results>/prompts/{prompts}/, <results>/models/{model}/, the run's engine configuration, workload and load
out: <results>/serving/{serving_study}/{load_point}/measurement.json    what was asked, counts, validity, how late the client was
     <results>/serving/{serving_study}/{load_point}/bench.json          the result of `vllm bench serve`, an array value a request
     <results>/serving/{serving_study}/{load_point}/client.parquet      one row per request, as the client saw it
     <results>/serving/{serving_study}/{load_point}/steps.parquet       one row per engine step of the server
     <results>/serving/{serving_study}/{load_point}/hardware.parquet    samples of GPU or CPU meanwhile
     <results>/serving/{serving_study}/{load_point}/environment.json    GPU, driver, CPU, versions, commit
"""


rule serve:
    """Warm up, then send one load and wait for all answers."""
    input:
        allocation,
        asked_again("serving/{serving_study}/{load_point}"),
        prompts=lambda wildcards: f"<results>/prompts/{load_of(wildcards).prompts.id}/prompts.jsonl",
        texts=lambda wildcards: f"<results>/prompts/{load_of(wildcards).prompts.id}/texts.jsonl",
        summary=lambda wildcards: f"<results>/prompts/{load_of(wildcards).prompts.id}/prompts.json",
        model=lambda wildcards: f"<results>/models/{load_of(wildcards).engine.model}/manifest.json",
    output:
        measurement="<results>/serving/{serving_study}/{load_point}/measurement.json",
        bench="<results>/serving/{serving_study}/{load_point}/bench.json",
        client="<results>/serving/{serving_study}/{load_point}/client.parquet",
        steps="<results>/serving/{serving_study}/{load_point}/steps.parquet",
        hardware="<results>/serving/{serving_study}/{load_point}/hardware.parquet",
        environment="<results>/serving/{serving_study}/{load_point}/environment.json",
    log:
        "<logs>/serve/{serving_study}/{load_point}.log",
    # After the runs on offline engines, server by server.
    priority: lambda wildcards: SERVING_ORDER[load_of(wildcards).id] - len(SERVING) - 1
    group:
        server_of
    conda:
        "../envs/workflow.yaml"
    threads: lambda wildcards: threads_of(load_of(wildcards))
    resources:
        **turns_of(server_of),
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
        "python3 -m scripts.serve --run {wildcards.serving_study:q}/{wildcards.load_point:q} --spec {params.spec:q}"
        ' --environments "$BATCHSCOPE_ENVIRONMENTS" --port {resources.port} --gpus {resources.gpu}'
        " --timeout {resources.timeout_s} --prompts {input.prompts:q} --prompts-summary {input.summary:q}"
        " --model {params.model:q} --out {params.out:q} --log {log:q}"
