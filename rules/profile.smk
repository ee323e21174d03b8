"""A few engine steps of single runs under a profiler; no part of `all`, and in no table of timings.

in:  <results>/prompts/{prompts}/, <results>/models/{model}/, the run's engine configuration and workload
out: <results>/profiles/{study}/{run}/{profiler}/   the capture, events.parquet, steps.parquet, window.json
     <results>/tables/profiles.md .html .csv        the window by class, packed against separate, idle time
     <results>/tables/profiles_steps.csv            the same step by step
     <results>/plots/profiles.png .svg
     <results>/profiles/{study}/{run}/memory/       memory.json, with a GPU snapshots and timeline.html
     <results>/tables/memory.md .html .csv, <results>/plots/memory.png .svg
"""


rule profile:
    """All profiles of the configuration, compared."""
    input:
        [
            f"<results>/{file}"
            for page, profilers in PROFILE_PAGES.items()
            if set(profilers) & set(CONFIG.profile.profilers)
            for file in (f"tables/{page}.html", f"plots/{page}.svg")
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


rule report_profiles:
    """Say where the time inside the captured steps went."""
    input:
        profiles=profiles_of_config(*PROFILE_PAGES["profiles"]),
    output:
        tables=multiext("<results>/tables/profiles", ".md", ".csv", "_steps.csv"),
        page=report(
            "<results>/tables/profiles.html",
            category="Answers",
            labels={"study": "profiles"},
            caption="../report/profiles.rst",
        ),
        png="<results>/plots/profiles.png",
        svg=report(
            "<results>/plots/profiles.svg",
            category="Plots",
            labels={"study": "profiles"},
            caption="../report/profiles.rst",
        ),
    log:
        "<logs>/report_profiles.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.report_profiles"),
        tables=lambda wildcards, output: os.path.dirname(output.page),
        plots=lambda wildcards, output: os.path.dirname(output.svg),
    shell:
        "python3 -m scripts.report_profiles {input.profiles:q} --out-tables {params.tables:q}"
        " --out-plots {params.plots:q} 2>&1 | tee -i {log:q}"


rule report_memory:
    """Say what took the device's memory, beside what the cost model predicts."""
    input:
        profiles=profiles_of_config(*PROFILE_PAGES["memory"]),
    output:
        tables=multiext("<results>/tables/memory", ".md", ".csv"),
        page=report(
            "<results>/tables/memory.html",
            category="Answers",
            labels={"study": "memory"},
            caption="../report/memory.rst",
        ),
        png="<results>/plots/memory.png",
        svg=report(
            "<results>/plots/memory.svg",
            category="Plots",
            labels={"study": "memory"},
            caption="../report/memory.rst",
        ),
    log:
        "<logs>/report_memory.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.report_memory"),
        tables=lambda wildcards, output: os.path.dirname(output.page),
        plots=lambda wildcards, output: os.path.dirname(output.svg),
    shell:
        "python3 -m scripts.report_memory {input.profiles:q} --out-tables {params.tables:q}"
        " --out-plots {params.plots:q} 2>&1 | tee -i {log:q}"
