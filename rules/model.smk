"""Model folders that vLLM can load.

in:  configuration block 'models'
out: <results>/models/{model}/manifest.json    what the folder holds: hashes, sizes, the hub's commit
     <results>/models/{model}/                 config.json, tokenizer.json, weights as links
"""


rule prepare_model:
    """Fetch or link one model; make and train the demo's."""
    input:
        source=model_files,
    output:
        manifest=update("<results>/models/{model}/manifest.json"),
    log:
        "<logs>/prepare_model/{model}.log",
    conda:
        "../envs/workflow.yaml"
    threads: lambda wildcards: 8 if CONFIG.models[wildcards.model].pattern else 1
    params:
        # the stamp is of files that cannot be inputs
        code=lambda wildcards: code_text(
            # planning looks at what was made, and makes nothing
            ["scripts.prepare_model"],
            ["batchscope.planning", *TOLD_ELSEWHERE, *other_models(wildcards)],
        )
        + stamp(files_of_model(wildcards.model)),
        asset=lambda wildcards: canonical_json(CONFIG.models[wildcards.model].model_dump()),
        folder=lambda wildcards, output: os.path.dirname(output.manifest),
        trainer=lambda wildcards: trainer_of(wildcards.model),
    shell:
        "python3 -m scripts.prepare_model --asset {params.asset:q} --out {params.folder:q}"
        ' --environments "$BATCHSCOPE_ENVIRONMENTS" --environment={params.trainer:q} 2>&1 | tee -i {log:q}'
