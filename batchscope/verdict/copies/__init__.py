"""What is to be copied: the setting as a script, as a command, and one prompt."""
