"""Tables, plots and timelines of what was measured.

in:  <results>/runs/{study}/{run}/, <results>/labels/, docs/reference/h800/ (the published figures)
out: <results>/config.json               the configuration in force
     <results>/tables/runs.csv .parquet  one row a run
     <results>/tables/repeats.csv ...    one row a repeat
     <results>/tables/{study}.md .html .csv  in the published form, published figures beside ours
     <results>/tables/summary.md .html   all studies, each with its answer in a sentence
     <results>/plots/{study}.png .svg
     <results>/timelines/{study}/{run}.png .svg .txt  what happened inside each run, step by step
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
    """Collect every run into tidy tables, and into one readable table per study."""
    input:
        measurements=[f"<results>/runs/{run.id}/measurement.json" for run in RUNS.values()],
        labels=expand("<results>/labels/{study}.parquet", study=STUDIES),
        config="<results>/config.json",
        published=committed("docs/reference/h800/*.csv"),
    output:
        runs=multiext("<results>/tables/runs", ".csv", ".parquet"),
        repeats=multiext("<results>/tables/repeats", ".csv", ".parquet"),
        studies=expand("<results>/tables/{study}.{kind}", study=STUDIES, kind=["md", "csv"]),
        answers="<results>/tables/summary.md",
        summary=report(
            "<results>/tables/summary.html",
            category="Answers",
            labels={"study": "all"},
            caption="../report/summary.rst",
        ),
        pages=[
            report(
                f"<results>/tables/{study}.html",
                category="Tables",
                labels={"study": study},
                caption="../report/study_table.rst",
            )
            for study in STUDIES
        ],
    log:
        "<logs>/make_tables.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.make_tables"),
        runs=lambda wildcards, input: os.path.join(os.path.dirname(input.config), "runs"),
        labels=lambda wildcards, input: os.path.dirname(input.labels[0]),
        out=lambda wildcards, output: os.path.dirname(output.summary),
    shell:
        "python3 -m scripts.make_tables --runs {params.runs:q} --labels {params.labels:q}"
        " --config {input.config:q} --out {params.out:q} 2>&1 | tee -i {log:q}"


rule plot_study:
    """Draw one study: our repeats and medians, the published shape beside them."""
    input:
        runs="<results>/tables/runs.parquet",
        repeats="<results>/tables/repeats.parquet",
        config="<results>/config.json",
    output:
        png="<results>/plots/{study}.png",
        svg=report(
            "<results>/plots/{study}.svg",
            category="Plots",
            labels={"study": "{study}"},
            caption="../report/study_plot.rst",
        ),
    log:
        "<logs>/plot_study/{study}.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.plot_study"),
    shell:
        "python3 -m scripts.plot_study --tables {input.runs:q} --repeats {input.repeats:q}"
        " --config {input.config:q} --study {wildcards.study:q} --out-png {output.png:q} --out-svg {output.svg:q}"
        " 2>&1 | tee -i {log:q}"


rule plot_timelines:
    """Draw and write down what happened inside each run of one study: one job, for matplotlib starts slowly."""
    input:
        runs=files_of_study("measurement.json", "environment.json", "steps.parquet", "hardware.parquet"),
        config="<results>/config.json",
    output:
        folder=report(
            directory("<results>/timelines/{study}"),
            patterns=["{run}.svg"],
            category="Timelines",
            subcategory="{study}",
            labels={"run": "{run}"},
            caption="../report/timeline.rst",
        ),
    log:
        "<logs>/plot_timelines/{study}.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.plot_timelines"),
        runs=lambda wildcards, input: os.path.join(os.path.dirname(input.config), "runs"),
    shell:
        "python3 -m scripts.plot_timelines --runs {params.runs:q} --config {input.config:q}"
        " --study {wildcards.study:q} --out {output.folder:q} 2>&1 | tee -i {log:q}"
