"""Labels and examples: what is short for what, and what is refused."""

from typing import Any

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.task import Task


def task(**values: Any) -> Task:
    return load_config({"task": values}).task


def test_a_name_is_short_for_a_label() -> None:
    assert task(labels=["bug", {"name": "billing", "spellings": ["invoice"]}]).names == ("bug", "billing")
    assert task(labels=[0, 1]).names == ("0", "1")
    assert task(labels=[True, False]).names == ("yes", "no")  # as YAML reads yes and no


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("Bug", "bug"),
        (" bug ", "bug"),
        ("INVOICE", "billing"),
        ("STRASSE", "straße"),
        ("bugs", None),
        ("", None),
    ],
)
def test_a_word_is_a_label_by_name_or_spelling_whatever_its_case(word: str, label: str | None) -> None:
    labels = ["bug", {"name": "billing", "spellings": ["invoice"]}, "straße"]
    assert task(labels=labels).label_of(word) == label


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"labels": ["one"]}, "at least 2"),
        ({"labels": ["a", "b", "a"]}, "'a' stands there twice"),
        ({"labels": ["a", "A"]}, "'A' means both 'a' and 'A'"),
        ({"labels": ["a", {"name": "b", "spellings": ["A "]}]}, "'A ' means both 'a' and 'b'"),
        ({"labels": ["a", "b\nc"]}, "one line"),
        ({"labels": ["a", ""]}, "at least 1 character"),
        ({"labels": ["a", "b"], "examples": [{"text": "x", "label": "c"}]}, "there is no label 'c'"),
        ({"labels": [str(number) for number in range(1001)]}, "at most 1000"),
    ],
)  # fmt: skip
def test_labels_that_cannot_be_told_apart_are_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(UserError, match="task") as refused:
        task(**values)
    assert said in str(refused.value)
