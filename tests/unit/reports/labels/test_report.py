"""The page and the figure on labels: what is compared with what, what is said of it, and what is left out."""

from dataclasses import replace

import pandas as pd
import pytest
from support.analysis_helpers import HERMES, REAL, make_run, write_config
from support.figures import faults
from support.label_studies import PACKING, TWO, study

from batchscope.config.studies import Plot
from batchscope.reporting.render import page_html, page_markdown
from batchscope.reporting.wording import SETTINGS
from batchscope.reports.labels.figure import labels_figure, with_series
from batchscope.reports.labels.findings import NO_COMPARISON, NOTHING
from batchscope.reports.labels.frame import base_of, judge
from batchscope.reports.labels.page import labels_page
from batchscope.reports.study.findings import findings
from batchscope.results.frames import runs_frame
from scripts import make_report, make_tables


@pytest.fixture(scope="module")
def packing(tmp_path_factory):
    """Runs and labels of `PACKING`, and what they say."""
    runs, labels = study(tmp_path_factory.mktemp("packing"), PACKING)
    return runs, labels, judge(runs, labels, TWO)


def test_the_page_says_what_packing_costs(packing):
    runs, _, judged = packing
    page = labels_page(runs, judged, coverage=0.99)
    assert page.findings == [
        "s: packing costs accuracy at n=10 and labels at n=20; no loss is seen at n=4, 5, 8, 16.",
        "s: packed prompts (n=10) are right on 9.0 points fewer texts than separate prompts (n=1) "
        "(95 % interval 7.0 to 10.0; McNemar p < 0.001; 400 texts).",
        "s: packed prompts (n=20) give a label to 98.8 % of texts, separate prompts (n=1) to 100.0 %; "
        "accuracy is not compared below 99 %.",
        "s: no difference in accuracy seen between packed prompts (n=8) and separate prompts (n=1): "
        "none of 400 texts is right in one of them alone.",
        "s: no difference in accuracy seen between packed prompts (n=5) and separate prompts (n=1): "
        "1 of 400 texts is right in one of them alone, in 1 of 80 prompts.",
        "s: no difference in accuracy seen between packed prompts (n=16) and separate prompts (n=1) "
        "(-0.5 points, 95 % interval -2.7 to +3.0; McNemar p = 0.75; 400 texts).",
        "s: no difference in accuracy seen between packed prompts (n=4) and separate prompts (n=1): "
        "none of 400 texts is right in one of them alone.",
    ]
    assert "Too few prompts to compare (10 needed): s, packed prompts (n=80)." in page.notes
    names = [f"{name} {group}".strip() for group, name in page.table.columns]
    cells = [dict(zip(names, row, strict=True)) for row in page.table.rows]
    assert cells[7]["accuracy (%) measured"] == "99.0 (97.5 to 99.6)"
    assert cells[4]["accuracy (%) measured"].startswith("95.0 (48."), "five prompts, one of which is wrong"
    assert cells[6]["coverage (%) measured"] == "98.8"
    assert cells[6]["none gold positive, labelled"] == "2"
    assert cells[6]["too few labels measured"] == "1"
    assert cells[0]["difference (points) measured"].startswith("-9.0 (-10.0 to")
    assert cells[7]["difference (points) measured"] == ""
    assert [cell["agreement (%) measured"][:5] for cell in cells] == [
        "89.5 ", "100.0", "99.8 ", "97.5 ", "96.0 ", "100.0", "98.8 ", "refer"
    ]  # fmt: skip
    assert cells[0]["always the most frequent (%) measured"] == "50.0"
    assert page.sections == [], "two labels have their confusion in the table"
    assert "negative (gold positive, labelled)" in page_markdown(page)
    assert '<span class="spread">(-10.0' in page_html(page)


def test_runs_that_do_not_count_are_struck_and_compared_with_nothing(tmp_path):
    runs, labels = study(tmp_path, PACKING, invalid=[{"code": "steps"}])
    page = labels_page(runs, judge(runs, labels, TWO), coverage=0.99)
    assert page.findings == [NO_COMPARISON]
    assert page_html(page).count("<del>10.0") == 0
    assert page_html(page).count("<del>90.0") == 2, "accuracy, and balanced accuracy"


def test_runs_without_labels_are_named(packing, tmp_path):
    runs, labels, _ = packing
    failed = make_run(tmp_path, study="s", n=200, seconds=(), status="oom", model=REAL)
    random = make_run(tmp_path, study="s", n=25, texts=400, model=HERMES)
    runs = pd.concat([runs, runs_frame([failed, random], [])], ignore_index=True)
    page = labels_page(runs, judge(runs, labels, TWO), coverage=0.99)
    assert len(page.table.rows) == 8
    assert any(note.startswith("Not judged: 1 run with random weights") for note in page.notes)
    assert any(
        note.startswith("No labels: s, packed prompts (n=200") and "out of memory" in note
        for note in page.notes
    )


@pytest.mark.parametrize(
    ("values", "text"), [({"model": HERMES}, NOTHING), ({}, "No answer: no run has labels")]
)
def test_nothing_to_judge(tmp_path, values, text):
    runs, labels = study(tmp_path, PACKING[:2], **values)
    if not values:
        labels = {}
    found = judge(runs, labels, TWO)
    assert found.runs.empty
    page = labels_page(runs, found, coverage=0.99)
    assert page.findings[0].startswith(text)
    assert page_html(page)
    assert page_markdown(page).count("\n") > 3
    figure = labels_figure(runs, found)
    assert any(each.get_text().startswith(text) for each in figure.texts)


def row(run, layout, n, **values):
    defaults = {"texts": 400, "answer": "free", "instruction": "last", "fingerprint": "f", "valid": True}
    settings = dict.fromkeys(SETTINGS, "same")
    return settings | defaults | {"run": run, "layout": layout, "n": n} | values


def base(name, *rows, across=False):
    runs = pd.DataFrame(rows)
    found = base_of(runs[runs["run"] == name].iloc[0], runs, across=across)
    return None if found is None else found["run"]


def test_the_base_is_separate_prompts_one_by_one():
    runs = [row("p40", "packed", 40), row("s40", "separate", 40), row("s1", "separate", 1)]
    assert base("p40", *runs) == "s1"
    assert base("s1", *runs) is None
    assert base("p40", *runs[:2]) == "s40"
    assert base("p40", runs[0], row("s4", "separate", 4)) is None
    assert base("s40", *runs[:2]) is None


def test_the_base_has_most_settings_alike():
    runs = [
        row("free", "separate", 1), row("labels", "separate", 1, answer="labels"),
        row("p-free", "packed", 4), row("p-labels", "packed", 4, answer="labels"),
        row("p-first", "packed", 4, answer="labels", instruction="first"),
    ]  # fmt: skip
    assert base("p-free", *runs) == "free"
    assert base("p-labels", *runs) == "labels"
    assert base("p-first", *runs) == "labels"
    assert base("labels", *runs) == "free", "of two separate runs the later one is compared with the earlier"
    assert base("free", *runs) is None


def test_the_base_counts_and_was_measured_in_the_same_environment():
    run = row("p", "packed", 4)
    assert base("p", run, row("s", "separate", 1, valid=False)) is None
    other = row("s", "separate", 1, fingerprint="g")
    assert base("p", run, other) is None
    assert base("p", run, other, across=True) == "s"


def test_later_settings_tell_runs_apart_where_runs_have_them(tmp_path):
    free = make_run(tmp_path, study="s", n=4, seconds=(1.0, 1.1, 1.2))
    spec = free.measurement.spec
    restricted = spec.workload.model_copy(update={"answer": "labels"})
    spec = spec.model_copy(update={"workload": restricted})
    labels = replace(free, measurement=free.measurement.model_copy(update={"spec": spec, "run": "other"}))
    runs = runs_frame([free, labels], [])
    assert list(runs["answer"]) == ["free", "labels"]
    assert set(runs["reuse"]) == {"none"}
    assert set(runs["instruction"]) == {"last"}
    (sentence,) = findings(runs, Plot())
    assert "packed prompts (answer=labels)" in sentence


def test_the_figure_has_a_place_for_each_run(packing):
    runs, _, judged = packing
    figure = labels_figure(runs, judged)
    accuracy, along, coverage, _ = figure.axes
    drawn = {line.get_marker(): line for line in accuracy.lines}
    assert faults(figure) == []
    assert [round(x) for x in drawn["o"].get_xdata()] == [4, 5, 8, 10, 16, 20, 80]
    assert list(drawn["o"].get_ydata()) == pytest.approx([99.0, 98.75, 99.0, 90.0, 98.5, 98.75, 95.0])
    assert [round(x) for x in drawn["s"].get_xdata()] == [1]
    assert min(coverage.lines[0].get_ydata()) == 98.75
    lines = [line for line in along.lines if not line.get_label().startswith("_")]
    assert [line.get_label() for line in lines] == ["80 per prompt"], "the largest n of each series"
    chance = [
        set(line.get_ydata()) for ax in (accuracy, along) for line in ax.lines if line.get_marker() == "None"
    ]
    assert len(chance) == 2, "what the commonest label would reach stands in both"
    assert chance[0] == chance[1]


def test_scripts_from_runs_to_page_and_figure(tmp_path, monkeypatch, capsys):
    study(tmp_path, PACKING)
    grid = {"set": {"texts": 400}, "include": [{"layout": layout, "n": n} for layout, n, _ in PACKING]}
    studies = {
        "s": grid,
        "unread": {"include": [{"layout": "packed", "n": 4}]},
        "packing": None,
        "saturation": None,
    }
    make_run(tmp_path, study="unread", n=4, model=REAL)
    config = str(write_config(tmp_path / "config.json", studies=studies))
    tables, labels = (str(tmp_path / name) for name in ("tables", "labels"))
    words = ["make_tables.py", "--runs", str(tmp_path / "runs"), "--config", config, "--labels", labels]
    monkeypatch.setattr("sys.argv", [*words, "--out", tables])
    make_tables.main()
    frame = pd.read_csv(tmp_path / "tables" / "runs.csv")
    assert list(frame["accuracy"].dropna()) == [0.9, 0.99, 0.9875, 0.985, 0.95, 0.99, 0.9875, 0.99]
    monkeypatch.setattr("sys.argv", ["make_report.py", "study", "--results", str(tmp_path), "--study", "s"])
    make_report.main()
    assert "correct texts/s" in (tmp_path / "tables" / "s.md").read_text()

    capsys.readouterr()
    monkeypatch.setattr("sys.argv", ["make_report.py", "labels", "--results", str(tmp_path)])
    make_report.main()
    assert "labels of 8 of 9 runs judged" in capsys.readouterr().out
    found = pd.read_csv(tmp_path / "tables" / "labels.csv")
    assert list(found["base"].dropna()) == ["separate-n1"] * 7
    assert found["accuracy"].tolist() == [0.9, 0.99, 0.9875, 0.985, 0.95, 0.99, 0.9875, 0.99]
    confusion = pd.read_csv(tmp_path / "tables" / "labels_confusion.csv")
    assert confusion.groupby("run")["texts"].sum().to_dict() == dict.fromkeys(found["run"], 400)
    by_label = pd.read_csv(tmp_path / "tables" / "labels_by_label.csv")
    assert by_label.groupby("run")["right"].sum().to_dict() == dict(
        zip(found["run"], found["right"], strict=True)
    )
    assert pd.read_csv(tmp_path / "tables" / "labels_reliability.csv").empty
    assert "No labels: unread," in (tmp_path / "tables" / "labels.md").read_text()
    drawn = (tmp_path / "plots" / "labels.svg").read_bytes()
    assert (tmp_path / "plots" / "labels.png").read_bytes().startswith(b"\x89PNG")
    make_report.main()
    assert (tmp_path / "plots" / "labels.svg").read_bytes() == drawn


def test_coverage_has_a_panel_only_where_it_is_not_whole(tmp_path):
    whole = [("packed", 10, ["-" * 10 + ":" + "-" * 10] * 40)]
    runs, labels = study(tmp_path, whole)
    judged = judge(runs, labels, TWO)
    assert (judged.runs["label_coverage"] == 1).all()
    figure = labels_figure(runs, judged)
    assert not any("coverage" in ax.get_title(loc="left") for ax in figure.axes)
    assert any("all texts were labelled" in text.get_text() for text in figure.texts)


def test_texts_that_were_cut_are_a_series_of_their_own():
    shown = pd.DataFrame(
        {
            "layout": "packed",
            "answer": "free",
            "text_tokens": [None, 100, 100],
            "cut": ["head", "head", "both"],
        }
    )
    assert list(with_series(shown)["series"]) == [
        "packed", "packed, text_tokens=100", "packed, text_tokens=100, cut=both"
    ]  # fmt: skip
