"""What is folded below the studies."""

import pandas as pd
from support.analysis_helpers import step, write_run
from support.verdicts import planted

from batchscope.reporting.page import Page, Table
from batchscope.reporting.render import page_html
from batchscope.reports.one_page.sections import MOST_BYTES, kit_section, published, sections, timelines

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg"/>'


def lay(results, *stems, drawing=DRAWING):
    for stem in stems:
        for folder, end, text in (("tables", "html", page_html(Page(stem, "?", ["So it is."], [], Table([], []), []))),
                                  ("plots", "svg", drawing)):  # fmt: skip
            (results / folder).mkdir(exist_ok=True)
            (results / folder / f"{stem}.{end}").write_text(text)


def test_reports_come_in_the_page_s_order_and_those_not_made_are_left_out(tmp_path):
    verdict = planted(["packing/packed-n4", "a/b", "a/c"])
    served = {"open_loop": "How many requests can come?", "mine": ""}
    assert sections(tmp_path, served, verdict, {}) == []
    lay(tmp_path, "memory", "cost", "labels", "serving_open_loop", "serving_mine")
    found = sections(tmp_path, served, verdict, {})
    assert [each.anchor for each in found] == [
        "part-labels",
        "part-serving_open_loop",
        "part-serving_mine",
        "part-cost",
        "part-memory",
    ]
    assert [each.name for each in found] == [
        "Labels", "Server: How many requests can come?", "Server: mine", "Cost model", "Memory"
    ]  # fmt: skip
    assert all(each.page.answer == "So it is" and len(each.pictures) == 1 for each in found)


def test_a_figure_too_large_for_the_page_is_left_out(tmp_path):
    lay(tmp_path, "cost", drawing=f"{DRAWING}<!-- {'x' * MOST_BYTES} -->")
    assert kit_section(tmp_path, "cost", "Cost").pictures == []


def test_timelines_are_there_where_the_runs_are(tmp_path):
    verdict = planted(["packing/packed-n4", "packing/packed-n8", "packing/packed-n40"])
    assert timelines(tmp_path, verdict, {}) is None
    write_run(tmp_path, n=40, seconds=(2.0,), steps=[step(0, 0.0, 2.0, prefill_tokens=100)])
    found = timelines(tmp_path, verdict, {})
    assert (found.anchor, found.page, found.pictures) == ("part-timelines", None, [])
    assert [log.run for log in found.pair.logs] == ["packing/packed-n40"]


def runs(**columns) -> pd.DataFrame:
    row = {"study": "packing", "run": "packed-n4", "valid": True, "texts_per_s": 87.24, "published.texts_per_s": 32.03,
           "published.model": "theirs", "reproduced.texts_per_s": 2.72, "same_model": True, "same_hardware": False}  # fmt: skip
    return pd.DataFrame([{**row, **columns}])


def test_the_published_study_stands_only_beside_its_runs():
    assert published(runs(**{"published.model": None})) is None
    assert published(runs(valid=False)) is None
    found = published(runs())
    assert "ratios between runs do" in found.sentences[0]
    assert found.table.rows == [["packing", "packed-n4", "87.2", "32", "2.7x"]]
