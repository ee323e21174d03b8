"""Tables without columns that tell nothing apart."""

from batchscope.reporting.page import MEASURED, Table
from batchscope.reports.one_page.study_tables import distinct

COLUMNS = [
    ("", "layout"),
    ("", "n"),
    (MEASURED, "requests/s"),
    (MEASURED, "texts/s"),
    ("H800 published", "texts/s"),
]


def test_constant_columns_are_told_once_and_duplicates_left_out():
    table = Table(COLUMNS, [["packed", "4", "21", "21", "8"], ["packed", "40", "2", "2", ""]])
    found = distinct(table)
    assert found.headings == ["n", "requests/s", "texts/s (H800 published)"]
    assert found.rows == [["4", "21", "8"], ["40", "2", ""]]
    assert found.same == ["layout packed"]


def test_one_row_keeps_all_its_columns_but_copies():
    found = distinct(Table(COLUMNS, [["packed", "4", "21", "22", ""]]))
    assert found.headings == ["layout", "n", "requests/s", "texts/s", "texts/s (H800 published)"]
    assert found.same == []


def test_speed_and_status_stay_where_they_are_constant():
    columns = [("", "status"), ("", "n"), (MEASURED, "texts/s")]
    found = distinct(Table(columns, [["", "4", "21"], ["", "8", "21"]]))
    assert found.headings == ["status", "n", "texts/s"]


def test_no_rows():
    assert distinct(Table([("", "n")], [])).rows == []
