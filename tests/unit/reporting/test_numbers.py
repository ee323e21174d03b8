"""Numbers as pages show them."""

import math

import pytest

from batchscope.reporting.numbers import (
    capitalised,
    counted,
    one_decimal,
    percent,
    show_count,
    show_interval,
    show_ratio,
    three_digits,
    two_decimals,
)
from batchscope.reporting.page import Table
from batchscope.statistics.intervals import Interval


@pytest.mark.parametrize(
    ("show", "value", "text"),
    [
        (two_decimals, 12345.678, "12,345.68"),
        (two_decimals, math.nan, ""),
        (one_decimal, 99.96, "100.0"),
        (one_decimal, math.nan, ""),
        (three_digits, 1234.5, "1,234"),
        (three_digits, 0.012345, "0.0123"),
        (three_digits, math.nan, ""),
        (show_count, 120_006.0, "120,006"),
        (show_ratio, 1.494, "1.49x"),
        (show_ratio, 9.94, "9.9x"),
        (show_ratio, 12.3, "12x"),
        (percent, 0.0284, "2.8 %"),
        (capitalised, "packed prompts", "Packed prompts"),
    ],
)
def test_a_number_in_words(show, value, text):
    assert show(value) == text


def test_one_thing_and_several():
    assert [counted(number, "step") for number in (0, 1, 2, 1200)] == [
        "0 steps",
        "1 step",
        "2 steps",
        "1,200 steps",
    ]


def test_an_interval_has_as_many_decimals_as_tell_its_ends_apart():
    assert show_interval(Interval(1.005, 1.012, 1.018)) == ("1.012x", "1.005x", "1.018x")
    assert show_interval(Interval(4.5, 4.62, 4.7)) == ("4.62x", "4.50x", "4.70x")
    assert show_interval(Interval(11.0, 12.3, 13.0)) == ("12.3x", "11.0x", "13.0x")


def test_a_table_leaves_out_columns_that_are_empty_in_every_row():
    rows = [{("", "n"): "4", ("a", "x"): "", ("a", "y"): "1"}, {("", "n"): "8", ("b", "z"): "2"}]
    table = Table.of_rows(rows)
    assert table.columns == [("", "n"), ("a", "y"), ("b", "z")]
    assert table.rows == [["4", "1", ""], ["8", "", "2"]]
