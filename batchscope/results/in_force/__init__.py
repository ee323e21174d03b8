"""Gates that hold what was asked of an engine against what was counted inside it."""
