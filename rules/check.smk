"""What the end of a call tells of: engines that did not start, and studies without a run that counts.

in:  <results>/tables/starts.parquet, <results>/config.json, <results>/serving/{serving_study}/{load_point}/
out: <results>/checked.json    such runs, each with cause, remedy and log; kept only if empty
"""

from batchscope.results.call_faults import faults_of_call
from batchscope.results.faults import as_text, exit_status


rule check_runs:
    """List the runs whose engine did not start, and those of studies without a valid run."""
    input:
        # Those that broke are missing when it runs again, and so are measured first.
        measurements=[f"<results>/runs/{run.id}/measurement.json" for run in STARTS.values()],
        starts="<results>/tables/starts.parquet",
        config="<results>/config.json",
        load_points=[f"<results>/serving/{run.id}/{name}" for run in SERVING.values() for name in SERVED],
    output:
        checked="<results>/checked.json",
    log:
        "<logs>/check_runs.log",
    localrule: True
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.check_runs"),
        load_points=[run.id for run in SERVING.values()],
        results=lambda wildcards, output: os.path.dirname(output.checked),
    shell:
        "python3 -m scripts.check_runs --results {params.results:q} --log {log:q}"
        " --load-points {params.load_points:q} --out {output.checked:q} 2>&1 | tee -i {log:q}"


onsuccess:
    if internals.is_first_parse(workflow):
        checked = [
            job.output.checked for job in internals.all_jobs(workflow) if job.rule.name == "check_runs"
        ]
        if faults := faults_of_call(logs_of_call(), checked):
            if (status := exit_status(faults)) == 1:
                raise SystemExit(as_text(faults))  # the last that is read
            print(as_text(faults), file=sys.stderr)
            raise SystemExit(status)
