"""Matrix products on their own, dense and 2:4, for the models that 'gemm.models' names.

in:  <results>/models/{model}/config.json: the shapes of its linear layers; weights are made on the spot
out: <results>/gemm/{model}.json        each kernel's times, errors, and the reasons of those that did not run
     <results>/gemm/{model}.parquet     one row a product, kernel and round
"""


rule gemm:
    """The products of all models that are named, and their page."""
    input:
        [
            f"<results>/{target}"
            for kind in REPORTS
            if kind.name == "gemm" and kind.is_asked_for(CONFIG)
            for target in kind.targets()
        ],
    localrule: True


rule measure_gemm:
    """Time every kernel on every linear layer of one model, in turn."""
    input:
        model="<results>/models/{model}/manifest.json",
    output:
        json="<results>/gemm/{model}.json",
        parquet="<results>/gemm/{model}.parquet",
    log:
        "<logs>/measure_gemm/{model}.log",
    # After measurements: an engine that they keep warm makes room.
    priority: -1
    conda:
        "../envs/workflow.yaml"
    threads: lambda wildcards: os.cpu_count() if gemm_device() == "cpu" else 1
    resources:
        gpu=lambda wildcards: int(gemm_device() == "cuda"),
        device=1,
        runtime=CONFIG.gemm.timeout_s // 60 + 5,
    params:
        code=code_of("batchscope.worker.gemm.__main__", without=("batchscope.worker.telemetry",)),
        gemm=lambda wildcards: canonical_json(CONFIG.gemm.model_dump(exclude={"models", "timeout_s"})),
        versions=lambda wildcards: canonical_json(VERSIONS[gemm_environment()]),
        environment=lambda wildcards: gemm_environment(),
        device=lambda wildcards: gemm_device(),
        model=lambda wildcards, input: os.path.dirname(input.model),
    shell:
        "python3 -m scripts.measure_gemm --gemm {params.gemm:q} --model {params.model:q}"
        ' --environments "$BATCHSCOPE_ENVIRONMENTS" --environment {params.environment:q}'
        " --device {params.device} --out {output.json:q} --log {log:q}"
