"""Tables of the page that go label by label, and of confidence."""

import numpy as np
import pandas as pd
from support.label_studies import PACKING, THREE, TWO, prompts_of, study, without_gold

from batchscope.reporting.render import page_html, page_markdown
from batchscope.reports.labels.frame import judge
from batchscope.reports.labels.page import labels_page
from batchscope.reports.labels.sections import runs_to_show, sure_runs

MANY = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ"
RUNS = [
    ("packed", 8, prompts_of(8, range(0, 399, 3), labels="abc")),
    ("separate", 1, prompts_of(1, {1, 4, 2}, labels="abc")),
]


def sections_of(folder, runs, names, **values):
    found, labels = study(folder, runs, **values)
    page = labels_page(found, judge(found, labels, names), coverage=0.99)
    return {section.heading: section for section in page.sections}, page


def test_three_labels_have_their_recall_and_what_they_are_taken_for(tmp_path):
    found, page = sections_of(tmp_path, RUNS, THREE)
    recall = found["Label by label"].table
    assert recall.columns == [
        ("", "label"), ("", "texts"), ("right (%)", "s, separate prompts (n=1)"), ("right (%)", "s, packed prompts (n=8)")
    ]  # fmt: skip
    assert recall.rows == [
        ["a", "134", "100.0", "0.7"], ["b", "133", "98.5", "100.0"], ["c", "133", "99.2", "100.0"]
    ]  # fmt: skip
    assert found["Confused most often"].table.rows == [["b", "c", "2", "1.5"], ["c", "a", "1", "0.8"]]
    assert "How well confidence holds" not in found
    assert "## Confused most often" in page_markdown(page)
    assert "<h2>Label by label</h2>" in page_html(page)
    assert not any("gold a" in group for group, _ in page.table.columns)


def test_of_many_labels_the_hardest_are_shown(tmp_path):
    wrong = [number for number in range(396) if number % 36 in (3, 30)]
    found, _ = sections_of(
        tmp_path, [("separate", 1, prompts_of(1, wrong, labels=MANY, texts=396))], tuple(MANY)
    )
    section = found["Label by label"]
    assert section.note.startswith("The 30 labels that are found least of 36.")
    by_label = {row[0]: row[2] for row in section.table.rows}
    assert (len(by_label), by_label["d"], by_label["E"]) == (30, "0.0", "0.0")


def test_without_gold_labels_there_is_nothing_to_go_by(tmp_path):
    found, _ = sections_of(tmp_path, without_gold(RUNS), THREE)
    assert found == {}


def test_confidence_is_held_against_what_was_right(tmp_path):
    """Of 400 answers that are all 85 % sure, 396 are right in one run."""
    confidence = {f"{layout}-n{n}": np.full(400, 0.85) for layout, n, _ in (PACKING[0], PACKING[-1])}
    found, page = sections_of(tmp_path, [PACKING[0], PACKING[-1]], TWO, confidence=confidence)
    (row,) = found["How well confidence holds"].table.rows
    assert row == ["80 to 90", "400", "85.0", "99.0", "400", "85.0", "90.0"]
    cells = [
        dict(zip([name for _, name in page.table.columns], each, strict=True)) for each in page.table.rows
    ]
    assert [cell["calibration error (points)"].partition(" ")[0] for cell in cells] == ["5.0", "14.0"]


def test_a_run_without_confidences_hides_none_with_them():
    """The same settings, not asked and asked: the first one stands for both label by label, the other for confidence."""
    common = {"study": "s", "valid": True, "with_gold": 400, "reference": None, "layout": "packed", "n": 4}
    shown = pd.DataFrame(
        {
            "run": name,
            "expected_calibration_error": error,
            "answer": "codes",
            "numbered": False,
            "model": "m",
            **common,
        }
        for name, error in (("not-asked", None), ("asked", 0.2))
    )
    assert [run["run"] for run in runs_to_show(shown)] == ["not-asked"]
    assert [run["run"] for run in sure_runs(shown)] == ["asked"]
    assert sure_runs(shown[:1]) == []
