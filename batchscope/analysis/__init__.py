"""From measurement folders to tables and plots.

One way through: `records` (folders) -> `frames` (tidy rows) -> `findings`, `tables`, `plots`.
A new metric is one entry in `metrics.METRICS`; a new plot panel is one entry in `plots.PANELS`.
"""
