"""Names that links go by, and what a study's table says of its runs."""

from support.analysis_helpers import frame, make_run
from support.verdicts import planted

from batchscope.config.studies import Study
from batchscope.reports.one_page.study_sections import Link, anchors, study_section


def test_runs_and_studies_have_plain_names():
    found = anchors(planted(["packing/packed-n4", "a/b", "a/c"]), ["packing", "a"])
    assert found == {
        "packing": "study-packing", "a": "study-a", "packing/packed-n4": "run-packing-packed-n4", "a/b": "run-a-b", "a/c": "run-a-c"
    }  # fmt: skip


def test_two_runs_with_one_name_are_told_apart():
    found = anchors(planted(["a-b/c", "a/b-c", "x/y"]), [])
    assert found == {"a-b/c": "run-a-b-c", "a/b-c": "run-a-b-c.2", "x/y": "run-x-y"}


def test_a_run_that_another_one_stands_for_leads_to_it_by_its_question(tmp_path):
    runs = frame(*(make_run(tmp_path, study="mine", n=n) for n in (4, 8, 40)))
    verdict = planted(["mine/packed-n4", "mine/packed-n8", "other/packed-n4", "mine/packed-n40"])
    verdict["settings"][0]["same_as"] = "other/packed-n4"
    verdict["settings"][3]["same_as"] = "mine/packed-n8"
    questions = {"mine": "Is it fast?", "other": "And with more texts?"}
    links = anchors(verdict, ["mine", "other"])
    found = study_section(
        "mine", Study(question="Is it fast?"), runs, verdict, links, questions, across=False
    )
    assert [row.same for row in found.rows] == [
        Link("run-other-packed-n4", "in other: And with more texts?"),
        None,
        Link("run-mine-packed-n8", "another run of this study"),
    ]
