"""What runs compute and move, how long that should take, and what limits it: docs/cost_model.md."""
