"""Snakemake's side: its internals behind named functions, and what makes a rule's code stale."""
