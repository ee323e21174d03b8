"""From studies to runs: axes, grids, names, and what a run depends on."""
