"""2:4 weights, made, verified and unpacked; run with an engine environment's Python."""
