"""The timelines that a reader compares."""

import re
from pathlib import Path

import pandas as pd
import pytest
from support.analysis_helpers import cpu_sample, step, write_run
from support.verdicts import planted

from batchscope.config.studies import Study
from batchscope.reports.one_page.timelines import baselines, compared, pair
from batchscope.results.frames import runs_frame
from batchscope.results.records import load_run

RUNS = ["packing/separate-n4", "packing/packed-n8", "packing/packed-n4", "other/separate-n1"]
STEPS = [
    step(0, 0.0, 1.0, prefill_tokens=100, running=3, preempted=1),
    step(1, 1.0, 2.0, decode_tokens=9, running=3),
]


def verdict(**gains):
    """Packed n=4 is recommended; what it gains over is told run by run."""
    found = planted(RUNS)
    settings = {each["id"]: each for each in found["settings"]}
    for run, each in settings.items():
        each["layout"] = "separate" if "separate" in run else "packed"
    if gains:
        found["offline"]["gains"] = [{"run": run} for run in gains["gains"]]
    return found


def test_the_best_run_stands_beside_the_one_that_its_study_holds_it_against():
    assert compared(verdict(), {"packing/packed-n4": "packing/separate-n4"}) == [
        "packing/packed-n4",
        "packing/separate-n4",
    ]


@pytest.mark.parametrize(
    ("gains", "beside"),
    [
        ([], []),
        (["packing/packed-n4"], []),
        (["packing/packed-n8"], ["packing/packed-n8"]),
        (["packing/packed-n8", "other/separate-n1"], ["other/separate-n1"]),
    ],
)
def test_a_baseline_stands_beside_a_run_of_the_other_layout(gains, beside):
    assert compared(verdict(gains=gains), {}) == ["packing/packed-n4", *beside]


def test_where_nothing_is_recommended_the_fastest_is_shown_or_none():
    found = planted(RUNS, best=None)
    assert compared(found, {}) == []
    assert pair(Path("nowhere"), found, {}) is None
    found["offline"]["fastest"] = {"run": "packing/packed-n8"}
    assert compared(found, {}) == ["packing/packed-n8"]


def test_baselines_are_those_of_each_study(tmp_path):
    records = [
        load_run(write_run(tmp_path, study=study, layout=layout, n=n))
        for study, layout, n in (
            ("packing", "packed", 4), ("packing", "separate", 4), ("packing", "packed", 40), ("other", "packed", 4),
        )
    ]  # fmt: skip
    runs = runs_frame(records, [])
    studies = {name: Study() for name in ("packing", "other", "empty")}
    assert baselines(runs, studies) == {
        "packing/packed-n4": "packing/separate-n4",
        "packing/packed-n40": "packing/separate-n4",
    }
    assert baselines(runs.assign(valid=False), studies) == {}
    assert baselines(pd.DataFrame({"study": [], "run": [], "valid": []}), studies) == {}


def two_runs(tmp_path, *, texts=800):
    samples = [cpu_sample(time, 0.9, 0.5) for time in (0.0, 2.0)]
    write_run(tmp_path, layout="packed", n=4, texts=800, seconds=(2.0,), steps=STEPS, hardware=samples)
    write_run(tmp_path, layout="separate", n=4, texts=texts, seconds=(3.0,), steps=STEPS)
    return pair(tmp_path, verdict(), {"packing/packed-n4": "packing/separate-n4"})


def test_both_are_drawn_for_a_wide_screen_and_for_a_phone_and_told_in_words(tmp_path):
    found = two_runs(tmp_path)
    assert [key.dot for key in found.keys] == ["packed", "separate"]
    assert [key.words for key in found.keys] == [
        "4 texts in one prompt (packing/packed-n4): 800 texts; repeat 1 of 1, 2 s, 2 steps",
        "1 text a prompt (packing/separate-n4): 800 texts; repeat 1 of 1, 3 s, 2 steps",
    ]
    assert found.about == "4 texts in one prompt, beside 1 text a prompt"
    assert [log.run for log in found.logs] == ["packing/packed-n4", "packing/separate-n4"]
    assert all("Avg prompt throughput" in log.lines[1] for log in found.logs)
    assert found.note.endswith("each quantity has one scale.")
    for drawn in (found.wide, found.narrow):
        assert 'role="img"' in drawn
        assert 'aria-label="What happened inside packing/packed-n4 and packing/separate-n4' in drawn
        assert "grey: ended" in drawn
    widths = [float(re.search(r'viewBox="0 0 ([\d.]+) ', drawn)[1]) for drawn in (found.wide, found.narrow)]
    assert widths == [720, 350]


def test_a_dark_page_shows_all_of_it(tmp_path):
    """Each colour is one of the style sheet's."""
    found = two_runs(tmp_path)
    for drawn in (found.wide, found.narrow):
        assert set(re.findall(r"#[0-9a-f]{6}\b", drawn.lower())) == set()
        assert "black" not in drawn
        assert {"var(--ink)", "var(--blue)", "var(--orange)", "var(--panel)"} <= set(
            re.findall(r"var\(--\w+\)", drawn)
        )
        texts = re.findall(r"<text [^>]*>", drawn)
        assert texts
        assert all("fill: var(" in text for text in texts)


def test_different_numbers_of_texts_are_told(tmp_path):
    assert two_runs(tmp_path, texts=400).note.endswith("The runs label different numbers of texts.")


def test_damaged_files_and_runs_without_steps_are_left_out(tmp_path):
    assert two_runs(tmp_path).keys[1].dot == "separate"
    (tmp_path / "runs/packing/separate-n4/steps.parquet").write_bytes(b"PAR1")
    found = pair(tmp_path, verdict(), {"packing/packed-n4": "packing/separate-n4"})
    assert ([key.dot for key in found.keys], found.note) == (["packed"], "")
    write_run(tmp_path / "empty", layout="packed", n=4, seconds=(2.0,))
    assert pair(tmp_path / "empty", verdict(), {}) is None
