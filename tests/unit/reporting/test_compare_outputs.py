"""Two files say the same, or it is told where not; each difference is planted."""

import pytest

from batchscope.reporting.compare_outputs import SHOWN, differences, without_noise

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><g id="p{id}"><path d="M 1 {y} L 3 4"/><text>{text}</text></g></svg>'


def told(tmp_path, kind, before, after):
    for name, text in (("before", before), ("after", after)):
        (tmp_path / f"{name}.{kind}").write_text(text)
    return differences(tmp_path / f"before.{kind}", tmp_path / f"after.{kind}")


def test_tables_are_compared_by_column_whatever_their_order(tmp_path):
    assert told(tmp_path, "csv", "a,b\n1,2\n", "b,a\n2,1\n") == []
    assert told(tmp_path, "csv", "a,b\n1,2\n", "a,b\n1,3\n") == ["row 1, b: '2' before, '3' now"]
    assert told(tmp_path, "csv", "a,b\n1,2\n", "a\n1\n") == ["row 1, b: '2' before, None now"]
    assert told(tmp_path, "csv", "a\n1\n", "a\n1\n2\n") == ["1 rows before, 2 now"]
    assert len(told(tmp_path, "csv", "a\n" + "1\n" * 50, "a\n" + "2\n" * 50)) == SHOWN


def test_pages_may_be_worded_otherwise_and_have_other_numbers_nowhere(tmp_path):
    page = "# study\n\n- 35,387 tokens/s (1.9x)\n"
    assert told(tmp_path, "md", page, page.replace("tokens/s", "tokens per second")) == []
    assert told(tmp_path, "md", page, page.replace("1.9", "1.8"))
    assert told(tmp_path, "md", page, page + "- 4 runs\n")


@pytest.mark.parametrize(("change", "same"), [({"id": 7}, True), ({"y": 2.5}, False), ({"text": "c"}, False)])
def test_figures_are_compared_by_texts_and_shapes(tmp_path, change, same):
    values = {"id": 1, "y": 2, "text": "a b"}
    found = told(tmp_path, "svg", SVG.format(**values), SVG.format(**values | change))
    assert (found == []) == same


def test_pixels_are_the_same_only_as_bytes(tmp_path):
    assert told(tmp_path, "png", "a", "a") == []
    assert told(tmp_path, "png", "a", "b") == ["other pixels"]


@pytest.mark.parametrize("kind", ["csv", "md", "json"])
@pytest.mark.parametrize(
    ("now", "same"),
    [("0.008118378096363767", True), ("0.0081183783", False), ("0.0081183780963", True), ("", False)],
)
def test_the_last_binary_digit_is_the_processors(tmp_path, kind, now, same):
    before = "a\n0.008118378096363768\n"
    assert (told(tmp_path, kind, before, f"a\n{now}\n") == []) == same


def test_numbers_inside_of_a_cell_are_compared_and_the_text_around_them(tmp_path):
    before = 'a\n"[1, 0.1] of gpu"\n'
    assert told(tmp_path, "csv", before, before.replace("0.1", "0.10000000000000002")) == []
    assert told(tmp_path, "csv", before, before.replace("0.1", "0.1001"))
    assert told(tmp_path, "csv", before, before.replace("gpu", "cpu"))


def test_a_coordinate_may_turn_over_in_its_last_decimal(tmp_path):
    values = {"id": 1, "y": 2.000001, "text": "3.1"}
    drawing = SVG.format(**values)
    assert told(tmp_path, "svg", drawing, SVG.format(**values | {"y": 2.000002})) == []
    assert told(tmp_path, "svg", drawing, SVG.format(**values | {"y": 2.00001}))
    assert told(tmp_path, "svg", drawing, SVG.format(**values | {"text": "3.2"}))


def test_what_is_written_again_keeps_the_old_digits_where_nothing_changed():
    old = "run,a,b\nx,0.30000000000000004,1\ny,0.1,2\n"
    new = "run,a,c,b\nx,0.3,7,1\ny,0.2,8,2\nz,0.5,9,3\n"
    assert without_noise(old, new, ".csv") == "run,a,c,b\nx,0.30000000000000004,7,1\ny,0.2,8,2\nz,0.5,9,3\n"
    lines = '"a": 0.30000000000000004\n"b": 2\n'
    assert without_noise(lines, '"a": 0.3\n"b": 3\n', ".json") == '"a": 0.30000000000000004\n"b": 3\n'
    assert without_noise(lines, '"a": 0.3\n', ".json") == '"a": 0.3\n'
