"""Values of a file that anybody may have written."""

import pytest

from batchscope.results.imported.values import last_part, number, per_second, positive, text, times, total


@pytest.mark.parametrize(
    "value", [None, "3", True, [3], {"a": 3}, float("nan"), float("inf"), -1, 1e308, 1e-300, 10**400]
)
def test_what_can_be_no_figure_is_none(value):
    assert number({"a": {"b": value}}, "a", "b") is None


def test_numbers_are_taken_from_their_place():
    assert number({"a": {"b": 3}}, "a", "b") == 3.0
    assert number({"a": [3]}, "a", "b") is None
    assert number([], "a") is None
    assert number({"a": 0}, "a") == 0.0
    assert positive({"a": 0}, "a") is None


def test_names_are_short_and_on_one_line():
    assert text({"a": " x\ny\x1b[31m "}, "a") == "x y [31m"
    assert len(text({"a": "x" * 10_000}, "a") or "") == 100
    assert text({"a": 3}, "a") is None
    assert text({"a": " "}, "a") is None


@pytest.mark.parametrize(
    ("name", "last"),
    [
        ("/home/anna/models/demo/", "demo"),
        ("C:\\Users\\anna\\demo", "demo"),
        ("owner/demo", "demo"),
        ("/", None),
        (None, None),
    ],
)
def test_a_model_s_name_is_the_last_part_of_its_path(name, last):
    assert last_part(name) == last


def test_nothing_is_computed_of_what_is_not_known():
    assert per_second(10, 4) == 2.5
    assert per_second(10, None) is None
    assert per_second(10, 0) is None
    assert times(2, 3) == 6
    assert times(None, 3) is None
    assert total(1, 2) == 3
    assert total(1, None) is None
