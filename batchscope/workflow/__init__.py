"""What the rules need of Snakemake and of the source: planned jobs, code digests, the import graph."""
