"""Texts, with gold labels where there are some, from wherever the configuration says.

in:  configuration blocks 'dataset' and 'task'; for the sources file and csv, the user's files
out: <results>/data/texts.csv        texts exactly as the source has them, in the order in which runs take them
     <results>/data/summary.json     counts, lengths, scripts, duplicates, content hash
"""


rule make_dataset:
    """Write, read or download the texts, check every row, and put them in order."""
    input:
        source=dataset_files,
    output:
        texts=update("<results>/data/texts.csv"),
        summary=update("<results>/data/summary.json"),
    log:
        "<logs>/make_dataset.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of_dataset,
        config=dataset_spec,
        task=labels_spec,
        stamp=dataset_stamp,
    shell:
        "python3 -X utf8 -m scripts.make_dataset --config {params.config:q} --task {params.task:q} --downloads data/downloads"
        " --texts {output.texts:q} --summary {output.summary:q} 2>&1 | tee -i {log:q}"
