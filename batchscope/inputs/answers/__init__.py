"""How a model may answer, and how its answers are read back."""
