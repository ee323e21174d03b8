"""Prompts as token ids, one file per prompt set; runs that submit the same prompts share it.

in:  <results>/data/texts.csv, <results>/models/{model}/, configuration block 'prompts'
out: <results>/prompts/{prompts}/prompts.jsonl    one object a prompt: ids, labels, layout, n, duplicate
     <results>/prompts/{prompts}/texts.jsonl      the same prompts as text
     <results>/prompts/{prompts}/prompts.json     counts and content hash
     <results>/prompts/{prompts}/timing.json      seconds spent tokenising
"""


rule make_prompts:
    """Put texts into prompts and tokenise them."""
    input:
        data="<results>/data/texts.csv",
        model=lambda wildcards: f"<results>/models/{PROMPT_SETS[wildcards.prompts].model}/manifest.json",
    output:
        prompts=update("<results>/prompts/{prompts}/prompts.jsonl"),
        summary=update("<results>/prompts/{prompts}/prompts.json"),
        texts=update("<results>/prompts/{prompts}/texts.jsonl"),
        timing=update("<results>/prompts/{prompts}/timing.json"),
    log:
        "<logs>/make_prompts/{prompts}.log",
    # Before every measurement: an engine that waits for prompts holds its device for nothing.
    priority: 1_000_000
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of("scripts.make_prompts", without=TOLD_ELSEWHERE),
        spec=spec_of_prompts,
        model=lambda wildcards, input: os.path.dirname(input.model),
    shell:
        "python3 -m scripts.make_prompts --spec {params.spec:q} --data {input.data:q}"
        " --model {params.model:q} --prompts {output.prompts:q} --summary {output.summary:q}"
        " --texts {output.texts:q} --timing {output.timing:q} 2>&1 | tee -i {log:q}"


rule prepare:
    """Data set, models and all prompts, and nothing else: what needs a network, but no device."""
    input:
        expand("<results>/prompts/{prompts}/prompts.jsonl", prompts=PROMPT_SETS),
    localrule: True
