"""From what the user wrote to values that the models can check: files, and what stands in them.

Snakemake reads the files itself; what it takes without a word (a doubled key), or refuses without naming file
and line, is found here first.
"""
