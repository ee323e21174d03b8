"""Where one class is nearly all, accuracy tells nothing, and the user is told."""

import pytest

from batchscope.inputs.texts.balance import largest_class, one_class_warning


@pytest.mark.parametrize(
    ("labels", "largest"),
    [
        ([], None),
        ([None, None], None),
        (["a"], ("a", 1.0)),
        (["a", "b", "b", None, None], ("b", 2 / 3)),
        (["a", "b"], ("b", 0.5)),
    ],
)
def test_the_largest_class(labels, largest) -> None:
    assert largest_class(labels) == largest


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (["negative"] * 40, "all gold labels of the first 40 texts are 'negative'"),
        (["a"] * 96 + ["b"] * 4, "96.0 % of the gold labels of the first 40 texts are 'a'"),
        (["a"] * 9999 + ["b"], "99.9 % of the gold"),
        (["a", None, None, None], "all gold labels"),
    ],
)
def test_a_warning(labels, words) -> None:
    warning = one_class_warning(labels, "the first 40 texts")
    assert warning.startswith(words)
    assert "accuracy on them tells nothing" in warning


@pytest.mark.parametrize("labels", [["a"] * 95 + ["b"] * 5, [None] * 50, [], ["a", "b", "c"]])
def test_no_warning(labels) -> None:
    assert one_class_warning(labels, "the texts") is None
