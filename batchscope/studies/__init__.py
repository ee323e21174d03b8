"""From studies to runs: the keys that a study may set, its grid, the runs' names, order and specifications.

Which runs there are, and what each is, follows from the configuration alone; nothing is measured here.
"""
