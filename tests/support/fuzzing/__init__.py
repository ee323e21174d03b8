"""Configurations and files that nobody would write, for hypothesis: what holds of all of them is tested.

A few seconds of them are part of the tests; `pytest --hypothesis-profile long tests/unit -k fuzzed` tries thousands.
"""
