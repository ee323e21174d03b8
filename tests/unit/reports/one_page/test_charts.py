"""A chart as elements of the page."""

from support.verdicts import planted

from batchscope.reports.one_page.charts import MOST_LINKS, charts


def settings(number: int, **how) -> list[dict]:
    return planted([f"packing/run{each}" for each in range(number)], **how)["settings"]


def test_each_dot_links_its_run_in_both_sizes():
    every = settings(5)
    found = charts("chart", every, {each["id"]: f"#run-{each['id']}" for each in every})
    for size in (found.wide, found.narrow):
        assert size.count("<a href=") == 5
    assert found.of_right
    assert found.left_out == ""


def test_many_dots_are_no_links():
    every = settings(MOST_LINKS + 1)
    found = charts("chart", every, {each["id"]: "#x" for each in every})
    assert "<a href=" not in found.wide
    assert found.wide.count("<title>") == MOST_LINKS + 1


def test_what_is_not_drawn_is_counted():
    every = settings(4)
    every[3]["right"] = None
    assert charts("chart", every, {}).left_out == "Not drawn: 1 setting whose labels cannot be judged."
    slow = charts("chart", settings(50, labels=False), {})
    assert slow.left_out == "Not drawn: 10 settings that are slower."
    assert not slow.of_right


def test_nothing_to_draw():
    assert charts("chart", [], {}) is None
