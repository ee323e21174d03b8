"""Names that links go by."""

from support.verdicts import planted

from batchscope.reports.one_page.study_sections import anchors


def test_runs_and_studies_have_plain_names():
    found = anchors(planted(["packing/packed-n4", "a/b", "a/c"]), ["packing", "a"])
    assert found == {
        "packing": "study-packing", "a": "study-a", "packing/packed-n4": "run-packing-packed-n4", "a/b": "run-a-b", "a/c": "run-a-c"
    }  # fmt: skip


def test_two_runs_with_one_name_are_told_apart():
    found = anchors(planted(["a-b/c", "a/b-c", "x/y"]), [])
    assert found == {"a-b/c": "run-a-b-c", "a/b-c": "run-a-b-c.2", "x/y": "run-x-y"}
