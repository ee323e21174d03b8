"""From repeats and labels to intervals and verdicts; pure functions."""
