"""Reviews with gold labels, from wherever the configuration says.

in:  configuration block 'dataset'; for source csv, the file
out: <results>/data/reviews.csv      review_id, review, label; texts exactly as the source has them
     <results>/data/summary.json     counts, lengths, duplicates, content hash
"""


rule make_dataset:
    """Write, read or download the reviews, and check every row."""
    input:
        source=dataset_file,
    output:
        reviews="<results>/data/reviews.csv",
        summary="<results>/data/summary.json",
    log:
        "<logs>/make_dataset.log",
    conda:
        "../envs/workflow.yaml"
    params:
        code=code_of_dataset,
        config=dataset_spec,
    shell:
        "python3 -m scripts.make_dataset --config {params.config:q} --downloads data/downloads"
        " --reviews {output.reviews:q} --summary {output.summary:q} 2>&1 | tee -i {log:q}"
