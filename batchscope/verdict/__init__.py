"""The verdict of all studies: which setting to use, how sure that is, and what to do next.

`batchscope.verdict.report` makes it from the tables and labels; docs/verdict.md says how it decides.
"""
