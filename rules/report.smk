"""Reports: pages, tables, figures and timelines; batchscope/reports/registry.py lists them.

in:  <results>/tables/runs.parquet, repeats.parquet, <results>/labels/, runs, load points or captures
out: <results>/tables/{report}.md .html .csv, <results>/plots/{report}.png .svg, where {report} is
       summary                  all studies, each with its answer in a sentence (a page alone)
       {study}                  in the published form, published figures beside ours
       labels                   accuracy, coverage, confusion, differences between runs
       cost                     work by part, predicted and measured seconds, what limits each run
       serving_{serving_study}  vLLM's result line by line, its limits, latencies over the load
       profiles                 the window by class, packed against separate, idle time; _steps.csv: step by step
       imported                 result files of other benchmarks beside ours (and a .parquet; only if there are some)
       memory                   what takes the device's memory, measured and predicted
     <results>/timelines/{study}/{run}.png .svg .txt  what happened inside each run, step by step
     <results>/timelines/serving_{serving_study}/{load_point}.png .svg  each request over time
     <results>/report.html  the answer on one page, with all of the above folded below it
"""

for kind in REPORTS:

    rule:
        """Write one report: its page, table and figure, or a folder of figures."""
        name:
            kind.rule
        input:
            **inputs_of(kind),
        output:
            **outputs_of(kind),
        log:
            f"<logs>/{kind.log}",
        conda:
            "../envs/workflow.yaml"
        params:
            code=code_of("scripts.make_report", kind.module, without=["batchscope.reports.registry"]),
            report=kind.name,
            captures=lambda wildcards, input: input.get("captures", []),
            study=lambda wildcards: [f"--study={study}" for study in wildcards],
            results=lambda wildcards, output: folder_of_results(output[0]),
            beside=stamp_beside(kind),
        shell:
            "python3 -m scripts.make_report {params.report} {params.captures:q} {params.study:q}"
            " --results {params.results:q} 2>&1 | tee -i {log:q}"
