"""What runs inside an engine environment to profile a few of its steps.

It is no part of `batchscope.engine`, whose content decides which measurements are stale.
"""
