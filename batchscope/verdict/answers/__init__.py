"""What to do: the setting, or the load, to use, or why none."""
