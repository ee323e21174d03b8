"""The answer on one page: one HTML file with the verdict first and everything else folded below it."""
