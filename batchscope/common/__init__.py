"""What the workflow's Python and an engine's Python both use: errors, files, processes, columns of tables.

Nothing here imports another package of ours, and each module needs only what both Pythons hold.
"""
