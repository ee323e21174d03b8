"""What a call prints: one line a run, a bar with the time left, the results, or the cause of a failure."""
