"""What both sides of an engine share: errors, files, schemas of tables, processes.

It imports nothing else of ours.
"""
