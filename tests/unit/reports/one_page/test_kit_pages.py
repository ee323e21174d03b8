"""What is taken of another report's page."""

from batchscope.reporting.page import Page, Section, Table
from batchscope.reporting.render import page_html
from batchscope.reports.one_page.kit_pages import parts_of, short


def page(**parts) -> Page:
    table = Table([("", "run"), ("measured", "texts/s")], [["a<b", "21.0 (20.0 to 22.0)"]])
    kept = {"title": "cost", "question": "What does it cost?", "findings": ["All of it: 3 % & more."], "context": [],
            "table": table, "notes": [], "sections": [Section("By part", table)], "files": ["../profiles/x.json"]}  # fmt: skip
    return Page(**{**kept, **parts})


def test_the_body_comes_without_title_question_and_links():
    found = parts_of(page_html(page()))
    assert found.answer == "All of it: 3 % & more"
    assert "<h1>" not in found.body
    assert "What does it cost?" not in found.body
    assert "<a " not in found.body
    assert "../profiles/x.json" in found.body
    assert "a&lt;b" in found.body
    assert "<h4>By part</h4>" in found.body
    assert "<html" not in found.body
    assert "<style" not in found.body


def test_tables_can_be_scrolled_with_a_keyboard_and_no_heading_is_empty():
    body = parts_of(page_html(page())).body
    assert body.count('<div class="wide" tabindex="0"') == body.count("<table>") == 2
    assert "<span></span></th>" not in body


def test_a_finding_as_a_title():
    long = "Separate prompts are 2.10 times as fast as packed ones (95 % interval 2.07 to 2.14, one start)."
    assert short(long) == "Separate prompts are 2.10 times as fast as packed ones"
    assert short("No difference seen: 1 % (repeatability on one engine start).") == "No difference seen: 1 %"
    assert short("Done.") == "Done"
    here = "A were 16 to 34 % faster than B here; equal runs differ by up to 47 % from start to start, so not conclusive (1)."
    assert short(here) == "A were 16 to 34 % faster than B here: not conclusive"
