"""What happened inside one repeat of a run, step by step."""
