"""One job per run: the engine in its own environment, timed.

in:  <results>/prompts/{prompts}/, <results>/models/{model}/, the run's engine configuration and workload
out: <results>/runs/{study}/{run}/measurement.json    what was asked, counts, seconds, validity
     <results>/runs/{study}/{run}/requests.parquet    one row per request and repeat
     <results>/runs/{study}/{run}/steps.parquet       one row per engine step of each repeat
     <results>/runs/{study}/{run}/hardware.parquet    samples of GPU or CPU during each repeat
     <results>/runs/{study}/{run}/environment.json    GPU, driver, CPU, versions, commit
     where measure.starts is above 1, {run} is NAME, NAME.start2, NAME.start3, ...: one job and folder an engine start
"""


rule measure:
    """Warm up, then time every repeat of one run."""
    input:
        allocation,
        asked_again("runs/{study}/{run}"),
        prompts=prompts_of_run("prompts.jsonl"),
        summary=prompts_of_run("prompts.json"),
        model=lambda wildcards: f"<results>/models/{run_of(wildcards).engine.model}/manifest.json",
    output:
        measurement="<results>/runs/{study}/{run}/measurement.json",
        requests="<results>/runs/{study}/{run}/requests.parquet",
        steps="<results>/runs/{study}/{run}/steps.parquet",
        hardware="<results>/runs/{study}/{run}/hardware.parquet",
        environment="<results>/runs/{study}/{run}/environment.json",
    log:
        "<logs>/measure/{study}/{run}.log",
    priority: lambda wildcards: ORDER[run_of(wildcards).id]
    group:
        engine_of
    conda:
        "../envs/workflow.yaml"
    threads: threads_of_run
    resources:
        **turns_of(engine_of),
        gpu=gpus_of_run,
        device=lambda wildcards: max(gpus_of_run(wildcards), 1),
        timeout_s=lambda wildcards: run_of(wildcards).measure.timeout_s,
        runtime=lambda wildcards: run_of(wildcards).measure.timeout_s // 60 + 5,
    params:
        code=code_of("batchscope.worker.engine.__main__"),
        spec=lambda wildcards: canonical_json(
            run_spec(
                run_of(wildcards),
                CONFIG,
                VERSIONS[run_of(wildcards).engine.environment],
            )
        ),
        model=lambda wildcards, input: os.path.dirname(input.model),
        out=lambda wildcards, output: os.path.dirname(output.measurement),
    shell:
        "python3 -m scripts.measure --run {wildcards.study:q}/{wildcards.run:q} --spec {params.spec:q}"
        ' --environments "$BATCHSCOPE_ENVIRONMENTS" --gpus {resources.gpu} --timeout {resources.timeout_s}'
        " --prompts {input.prompts:q} --prompts-summary {input.summary:q}"
        " --model {params.model:q} --out {params.out:q} --log {log:q}"
