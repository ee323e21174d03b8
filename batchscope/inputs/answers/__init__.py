"""How a model may answer, and its answers read back: what is allowed, how long it may be, which labels it has."""
