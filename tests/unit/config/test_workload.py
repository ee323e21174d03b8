"""Which prompts a run submits."""

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.workload import Workload


def test_a_workload_has_n_texts_unless_it_says_how_many() -> None:
    assert Workload(n=8).total_texts == 8
    assert Workload(n=8, texts=20).total_texts == 20


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"n": 1}, "n: a packed prompt holds at least 2 texts; for n = 1 set layout: separate"),
        ({"n": 8, "texts": 5}, "texts: 5 is less than n: 8; raise texts or lower n"),
        ({"permuted": True}, "permuted: needs duplicates above 1"),
        ({"permuted": True, "duplicates": 3, "reuse": "full"}, "and reuse: none; set both or drop it"),
        ({"reuse": "text", "instruction": "first"}, "reuse: text needs instruction: last"),
        (
            {"numbered": True},
            "numbered: a line such as '1. label' needs more than .* set output_tokens_per_text: null",
        ),
        ({"layout": "mixed"}, "workload.layout: Input should be 'packed' or 'separate', got 'mixed'"),
    ],
)
def test_keys_that_do_not_go_together_are_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"workload": values})


def test_separate_prompts_may_have_fewer_texts_than_n() -> None:
    assert Workload(layout="separate", n=8, texts=5).total_texts == 5


def test_the_first_name_of_answer_is_read() -> None:
    assert Workload.model_validate({"decoding": "labels"}).answer == "labels"
    # an overlay from before, over a config.yaml of today
    assert Workload.model_validate({"answer": "free", "decoding": "labels"}).answer == "labels"
    assert Workload.model_validate({"answer": "codes"}).answer == "codes"
    with pytest.raises(UserError, match="decoding: this key is now 'answer', which is set too"):
        load_config({"workload": {"answer": "codes", "decoding": "labels"}})


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        ({}, False),
        ({"output_tokens_per_text": 3}, False),
        ({"numbered": True, "output_tokens_per_text": 8}, False),
        ({"answer": "labels"}, True),
        ({"answer": "json"}, True),
        ({"output_tokens_per_text": None}, True),
        ({"confidence": True}, True),
    ],
)
def test_when_labels_decide_what_the_engine_is_asked_for(values: dict[str, object], needed: bool) -> None:
    assert Workload.model_validate(values).needs_labels is needed


def test_tokens_to_plan_with() -> None:
    assert Workload(output_tokens_per_text=3).planned_tokens_per_text == 3
    assert Workload(output_tokens_per_text=None).planned_tokens_per_text == 1
    assert Workload(output_tokens_per_text=3, answer="labels").planned_tokens_per_text == 1


def test_how_many_texts_a_prompt_holds() -> None:
    packed = Workload(n=4, texts=10, duplicates=2)
    assert [packed.texts_in_prompt(number) for number in range(6)] == [4, 4, 2, 4, 4, 2]
    alone = Workload(layout="separate", n=4)
    assert [alone.texts_in_prompt(number) for number in range(5)] == [1] * 5
