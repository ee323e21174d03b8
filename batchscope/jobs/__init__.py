"""What a job does in Snakemake's Python: get an engine, hold a device, keep what was measured."""
