"""Tokens of prompts that are not made yet."""

from batchscope.config.workload import Workload
from batchscope.planning.run_sizes import guessed_tokens


def test_every_submission_of_every_text_counts() -> None:
    assert guessed_tokens(Workload(n=4)) == 1200
    assert guessed_tokens(Workload(n=40, texts=400, duplicates=5)) == 600_000
