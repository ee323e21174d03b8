"""The configuration: one file a block, checked and documented from the same models."""
