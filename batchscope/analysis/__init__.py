"""From measurement folders to tables and plots.

One way through: `records` (folders) -> `gates` (whether a run counts) -> `frames` (tidy rows) -> `findings`,
`tables`, `plots`. Beside it, from the same folders: `timelines` (steps of one repeat) -> `timeline_plots`.
A new metric is one entry in `metrics.METRICS`, a new gate one in `gates.GATES`, a new panel one in
`plots.PANELS` or `timeline_plots.PANELS`.
"""
