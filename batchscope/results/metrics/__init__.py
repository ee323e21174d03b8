"""The metrics of a run: a file a family, each metric with its formula, unit and place in the tables."""
