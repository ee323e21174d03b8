"""Which prompts a run submits."""

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.workload import Workload


def test_a_workload_has_n_reviews_unless_it_says_how_many() -> None:
    assert Workload(n=8).total_reviews == 8
    assert Workload(n=8, reviews=20).total_reviews == 20


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"n": 1}, "n: a packed prompt holds at least 2 reviews; for n = 1 set layout: separate"),
        ({"n": 8, "reviews": 5}, "reviews: 5 is less than n: 8; raise reviews or lower n"),
        ({"reuse": "text", "instruction": "first"}, "reuse: text needs instruction: last"),
        ({"layout": "mixed"}, "workload.layout: Input should be 'packed' or 'separate', got 'mixed'"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"workload": values})


def test_separate_prompts_may_have_fewer_reviews_than_n() -> None:
    assert Workload(layout="separate", n=8, reviews=5).total_reviews == 5
