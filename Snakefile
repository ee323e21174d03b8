"""vllm-batchscope: how should short texts be put into prompts, and how should vLLM be set up for them?

snakemake --cores 1 all                                    everything that is not up to date
snakemake --cores 1 results/runs/saturation/packed-n4/measurement.json    one run
snakemake --cores 1 profile                                where the time inside engine steps goes
snakemake --cores 1 plan                                   what would run, how long, and why
snakemake --cores 4 prepare                                data set, models and prompts, for nodes without a network
snakemake --workflow-profile profiles/slurm all            the same on a cluster
"""

from snakemake.utils import min_version

min_version("9.25")


include: "rules/console.smk"
include: "rules/config_files.smk"


configfile: "config.yaml"


include: "rules/common.smk"
include: "rules/report_files.smk"
include: "rules/dataset.smk"
include: "rules/model.smk"
include: "rules/prompts.smk"
include: "rules/measure.smk"
include: "rules/serve.smk"
include: "rules/labels.smk"
include: "rules/aggregate.smk"
include: "rules/report.smk"
include: "rules/verdict.smk"
include: "rules/profile.smk"
include: "rules/gemm.smk"
include: "rules/plan.smk"
include: "rules/preflight.smk"
include: "rules/cluster.smk"
include: "rules/check.smk"


report: "report/workflow.rst"


# On a cluster this holds inside each allocation, where runs of one engine go in turn.
limit_resource(workflow, "device", DEVICES)
limit_resource(workflow, "gpu", CONFIG.gpus)


resource_scopes:
    device="local",
    gpu="local",


rule all:
    default_target: True
    input:
        "<results>/config.json",
        "<results>/verdict.json",
        targets_of_all(),
        "<results>/checked.json",
    localrule: True
