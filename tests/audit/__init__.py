"""Recomputes every number of every table in docs/reference from the raw files beside it.

With pandas, numpy and scipy alone: nothing of the project is imported, so that a mistake there cannot stand on both
sides. The formulas are those of docs/metrics.md, files.md, statistics.md, labels.md, serving.md, profiles.md and
cost_model.md.

    python -m tests.audit [FOLDER ...]
"""
