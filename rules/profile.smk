"""A few engine steps of single runs under a profiler; no part of `all`, and in no table of timings.

in:  <results>/prompts/{prompts}/, <results>/models/{model}/, the run's engine configuration and workload
out: <results>/profiles/{study}/{run}/{profiler}/   the capture, events.parquet, steps.parquet, window.json
     <results>/profiles/{study}/{run}/memory/       memory.json, with a GPU snapshots and timeline.html
"""


rule profile:
    """All profiles of the configuration, compared."""
    input:
        [
            f"<results>/{target}"
            for kind in REPORTS
            if kind.profilers & set(CONFIG.profile.profilers)
            for target in kind.targets()
        ],
    localrule: True


rule profile_run:
    """Capture the middle of one run's pass with one profiler, and parse what it wrote."""
    input:
        prompts=prompts_of_run("prompts.jsonl"),
        summary=prompts_of_run("prompts.json"),
        model=lambda wildcards: f"<results>/models/{run_of(wildcards).engine.model}/manifest.json",
    output:
        folder=directory("<results>/profiles/{study}/{run}/{profiler}"),
    log:
        "<logs>/profile_run/{study}/{run}/{profiler}.log",
    wildcard_constraints:
        profiler="|".join(PROFILERS),
    # After measurements: an engine that they keep warm makes room.
    priority: -1
    conda:
        "../envs/workflow.yaml"
    threads: threads_of_run
    resources:
        gpu=gpus_of_run,
        device=lambda wildcards: max(gpus_of_run(wildcards), 1),
        timeout_s=CONFIG.profile.timeout_s,
        runtime=CONFIG.profile.timeout_s // 60 + 5,
    params:
        code=code_of_capture,
        spec=lambda wildcards: canonical_json(
            run_spec(
                run_of(wildcards),
                CONFIG,
                VERSIONS[run_of(wildcards).engine.environment],
            )
        ),
        model=lambda wildcards, input: os.path.dirname(input.model),
        steps=CONFIG.profile.steps,
        at=CONFIG.profile.at,
    shell:
        "python3 -m scripts.profile_run --run {wildcards.study:q}/{wildcards.run:q}"
        " --profiler {wildcards.profiler:q} --spec {params.spec:q} --steps {params.steps} --at {params.at}"
        ' --environments "$BATCHSCOPE_ENVIRONMENTS" --gpus {resources.gpu} --timeout {resources.timeout_s}'
        " --prompts {input.prompts:q} --prompts-summary {input.summary:q}"
        " --model {params.model:q} --out {output.folder:q} --log {log:q}"
