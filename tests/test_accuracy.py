"""Accuracy against scikit-learn, intervals and tests against hand-worked figures, and what the page then says."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from analysis_helpers import HERMES, labelled, make_run, write_config, write_labels
from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score

from batchscope.analysis.accuracy import ANSWERS, by_position, difference, mcnemar, quality, share
from batchscope.analysis.accuracy_frames import base_of, labels_of_studies, positions_frame, quality_frame
from batchscope.analysis.accuracy_page import NOTHING, labels_page
from batchscope.analysis.accuracy_plots import labels_figure
from batchscope.analysis.findings import SETTINGS, findings
from batchscope.analysis.frames import runs_frame
from batchscope.analysis.label_tables import load_labels, with_labels
from batchscope.analysis.metrics import METRICS
from batchscope.analysis.pages import study_html, study_markdown
from batchscope.analysis.tables import NO_LABELS, study_page
from batchscope.config import Plot, Study
from scripts import make_tables, report_labels

REAL = {"source": "hub", "id": "some/model"}
"""A model with weights of its own, as the labels of random ones say nothing."""


def random_prompts(seed: int, prompts: int, n: int, right: float, missing: float = 0.0) -> list[str]:
    """Prompts with gold labels and answers: right, wrong or missing with these probabilities."""
    rng, made = np.random.default_rng(seed), []
    for _ in range(prompts):
        gold = rng.choice(["+", "-"], n)
        other = np.where(gold == "+", "-", "+")
        answer = np.where(rng.random(n) < right, gold, other)
        made.append(f"{''.join(gold)}:{''.join(np.where(rng.random(n) < missing, '?', answer))}")
    return made


@pytest.mark.parametrize(
    ("seed", "right", "missing"), [(0, 0.9, 0.0), (1, 0.6, 0.2), (2, 0.0, 0.0), (3, 1.0, 1.0)]
)
def test_accuracy_confusion_and_coverage_are_those_of_scikit_learn(seed, right, missing):
    labels = labelled(*random_prompts(seed, 50, 7, right, missing))
    gold, answers = labels["gold"].astype(object), labels["label"].astype(object).fillna("none")
    found = quality(labels)
    assert found.right.value == pytest.approx(accuracy_score(gold, answers))
    assert found.right.count == accuracy_score(gold, answers, normalize=False)
    table = confusion_matrix(gold, answers, labels=list(ANSWERS))
    for (truth, answer), count in found.confusion.items():
        assert count == table[ANSWERS.index(truth), ANSWERS.index(answer)]
    assert sum(found.confusion.values()) == 350
    labelled_at_all = answers.ne("none")
    assert found.found.value == pytest.approx(recall_score(np.ones(350), labelled_at_all))


def test_metrics_of_a_repeat_count_every_duplicate(tmp_path):
    record = make_run(
        tmp_path,
        study="s",
        n=2,
        reviews=4,
        duplicates=2,
        seconds=(2.0,),
        model=REAL,
        repeat={"energy_j": 30.0},
    )
    rows = [
        labelled("+-:+-", "+-:+?", run="packed-n2"),
        labelled("+-:+-", "+-:-+", run="packed-n2", duplicate=1),
    ]
    write_labels(tmp_path / "labels" / "s.parquet", *rows)
    (run,) = with_labels([record], tmp_path / "labels")
    values = {name: METRICS[name].of(run, run.measurement.repeats[0]) for name in METRICS}
    assert values["accuracy"] == 5 / 8
    assert values["label_coverage"] == 7 / 8
    assert values["correct_reviews_per_s"] == 2.5
    assert values["joules_per_correct_review"] == 6.0


@pytest.mark.parametrize("model", [HERMES, {"source": "demo", "load_format": "dummy"}])
def test_random_weights_have_no_accuracy(tmp_path, model):
    record = make_run(tmp_path, study="s", n=2, model=model, seconds=(1.0,))
    write_labels(tmp_path / "labels" / "s.parquet", labelled("+-:+-", run="packed-n2"))
    runs = runs_frame(with_labels([record], tmp_path / "labels"), [])
    assert runs[["accuracy", "label_coverage", "correct_reviews_per_s"]].isna().all(axis=None)
    page = study_page("s", Study(), runs)
    assert page.table.rows[0].count(NO_LABELS) == 1
    assert not {"coverage (%)", "correct reviews/s"} & {name for _, name in page.table.columns}


def test_a_study_table_shows_how_right_the_labels_are(tmp_path):
    record = make_run(tmp_path, study="s", n=2, model=REAL, seconds=(1.0, 2.0, 1.0))
    rows = [labelled("+-:+?", run="packed-n2", repeat=repeat) for repeat in range(3)]
    write_labels(tmp_path / "labels" / "s.parquet", *rows)
    table = study_page("s", Study(), runs_frame(with_labels([record], tmp_path / "labels"), [])).table
    cells = dict(zip([name for _, name in table.columns], table.rows[0], strict=True))
    assert (cells["accuracy (%)"], cells["coverage (%)"]) == ("50.0", "50.0")
    assert cells["correct reviews/s"].startswith("1.00 (0.")
    without = study_page("s", Study(), runs_frame([record], [])).table
    assert "accuracy (%)" not in {name for _, name in without.columns}


def test_wilson_is_scipys_and_newcombes():
    assert (share(81, 263).low, share(81, 263).high) == pytest.approx(
        (0.2553, 0.3662), abs=5e-5
    )  # Newcombe, 1998
    for count, total in ((0, 20), (20, 20), (7, 9)):
        expected = binomtest(count, total).proportion_ci(method="wilson")
        assert (share(count, total).low, share(count, total).high) == (expected.low, expected.high)


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [
        (0, 0, 1.0),
        (1, 9, 22 / 1024),  # 2 (1 + 10) / 2^10
        (9, 1, 22 / 1024),
        (0, 6, 2 / 64),  # 2 / 2^6
        (3, 5, 186 / 256),  # 2 (1 + 8 + 28 + 56) / 2^8
        (4, 4, 1.0),
    ],
)
def test_mcnemar_by_hand(gained, lost, p):
    assert mcnemar(gained, lost) == pytest.approx(p)


def test_each_review_counts_once():
    first = labelled("++:++", "--:--")
    others = [
        labelled("++:--", "--:++", repeat=repeat, duplicate=copy) for repeat, copy in ((0, 1), (1, 0), (1, 1))
    ]
    found = quality(pd.concat([first, *others]))
    assert (found.right.count, found.right.total, found.prompts) == (4, 4, 2)
    assert found.agreeing.count == 0, "repeats said the opposite"
    assert quality(first).agreeing is None, "one repeat agrees with nobody"


def test_repeats_that_both_miss_a_label_agree():
    found = quality(pd.concat([labelled("+-+:+?-"), labelled("+-+:+?+", repeat=1)]))
    assert (found.agreeing.count, found.agreeing.total) == (2, 3)


def test_prompts_with_other_counts_of_labels():
    found = quality(labelled("++:+?", "++:+++", "++:++", "+:+++"))
    assert (found.prompts, found.too_few, found.too_many) == (4, 1, 2)


def test_positions_have_bins_of_reviews_enough():
    bins = by_position(labelled(*["+" * 40 + ":" + "+" * 20 + "-" * 20] * 8))
    assert [(each.first, each.last) for each in bins] == [(start, start + 3) for start in range(0, 40, 4)]
    assert [each.right.value for each in bins] == [1.0] * 5 + [0.0] * 5
    assert {each.right.total for each in bins} == {32}
    few = by_position(labelled(*["++++:++--"] * 20))
    assert [(each.first, each.last, each.right.count) for each in few] == [(0, 1, 40), (2, 3, 0)]
    assert len(by_position(labelled(*["+:+"] * 100))) == 1
    assert len(by_position(labelled("+-+-:++++"))) == 1


def test_a_difference_is_paired_by_review():
    """The base has the reviews in another order and one more."""
    run = labelled(*["++:+-"] * 20)
    base = labelled(*["+:+"] * 41).sample(frac=1, random_state=1)
    found = difference(run, base)
    assert (found.reviews, found.prompts, found.gained, found.lost) == (40, 20, 0, 20)
    assert found.middle == -0.5
    assert found.interval == (-0.5, -0.5), "every prompt lost one of two"
    assert found.p == pytest.approx(2 / 2**20)
    assert difference(run, labelled("+:+", first=1000)) is None


def test_the_interval_of_independent_pairs_is_the_normal_one():
    rng = np.random.default_rng(4)
    run = labelled(*(f"+:{'+' if right else '-'}" for right in rng.random(900) < 0.8))
    base = labelled(*(f"+:{'+' if right else '-'}" for right in rng.random(900) < 0.9))
    found = difference(run, base)
    change = (run["label"] == "positive").astype(int) - (base["label"] == "positive").astype(int)
    half = 1.96 * change.std() / math.sqrt(900)
    assert found.interval == pytest.approx((found.middle - half, found.middle + half), abs=0.003)
    assert difference(run, base) == found, "the resampling is seeded"


def test_an_interval_of_prompts_that_fail_as_a_whole_is_wider():
    base = labelled(*["+" * 10 + ":" + "+" * 10] * 40)
    whole = labelled(*[f"{'+' * 10}:{('-' if number % 4 == 0 else '+') * 10}" for number in range(40)])
    spread = labelled(*["+" * 10 + ":" + "-+++" * 2 + "++"] * 20 + ["+" * 10 + ":" + "-+++" * 2 + "-+"] * 20)
    one, other = difference(whole, base), difference(spread, base)
    assert one.lost == other.lost == 100
    assert np.diff(one.interval) > 5 * np.diff(other.interval)


def study(tmp_path, runs, name="s", **values):
    """A study's runs frame and labels; ``runs``: layout, n and the run's prompts of labels."""
    records, rows = [], []
    for layout, n, prompts in runs:
        reviews = sum(prompt.index(":") for prompt in prompts)
        shape = {"layout": layout, "n": n, "reviews": reviews, "seconds": (1.0,)}
        records.append(make_run(tmp_path, study=name, **{**shape, "model": REAL, **values}))
        rows.append(labelled(*prompts, run=f"{layout}-n{n}"))
    path = write_labels(tmp_path / "labels" / f"{name}.parquet", *rows)
    return runs_frame(with_labels(records, path.parent), []), labels_of_studies({name: load_labels(path)})


def all_right(n, prompts):
    return ["+" * n + ":" + "+" * n] * prompts


PACKING = [
    ("packed", 10, ["+" * 10 + ":" + "+" * 9 + "-"] * 40),
    ("packed", 8, all_right(8, 50)),
    ("packed", 80, [*all_right(80, 4), "+" * 80 + ":" + "+" * 60 + "?" * 20]),
    ("packed", 4, [*all_right(4, 99), "++++:----"]),
    ("separate", 1, all_right(1, 396) + ["+:-"] * 4),
]
"""400 reviews each, of which the separate prompts have the last 4 wrong."""


def test_the_page_says_what_packing_costs(tmp_path):
    runs, labels = study(tmp_path, PACKING)
    page = labels_page(runs, quality_frame(runs, labels))
    assert page.findings == [
        "s: packed prompts (n=10) are right on 9.0 points fewer reviews than separate prompts (n=1) "
        "(95 % interval 7.0 to 10.0; McNemar p < 0.001; 400 reviews).",
        "s: no difference seen between packed prompts (n=8) and separate prompts (n=1) "
        "(+1.0 points, 95 % interval +0.0 to +3.0; McNemar p = 0.12; 400 reviews).",
        "s: no difference seen between packed prompts (n=4) and separate prompts (n=1): "
        "both are right on the same of 400 reviews.",
    ]
    assert "Too few prompts to compare (10 needed): s, packed prompts (n=80)." in page.notes
    names = [f"{name} {group}".strip() for group, name in page.table.columns]
    cells = [dict(zip(names, row, strict=True)) for row in page.table.rows]
    assert cells[2]["accuracy (%) measured"].startswith("95.0 (92.4 to 96.")
    assert cells[2]["coverage (%) measured"] == "95.0"
    assert cells[2]["none gold positive, labelled"] == "20"
    assert cells[2]["too few labels measured"] == "1"
    assert cells[0]["difference (points) measured"].startswith("-9.0 (-10.0 to")
    assert cells[4]["difference (points) measured"] == ""
    assert "negative (gold positive, labelled)" in study_markdown(page)
    assert '<span class="spread">(-10.0' in study_html(page)


def test_runs_that_do_not_count_are_struck_and_compared_with_nothing(tmp_path):
    runs, labels = study(tmp_path, PACKING, invalid=[{"code": "steps"}])
    page = labels_page(runs, quality_frame(runs, labels))
    assert page.findings == ["No comparison: no study has separate prompts and 10 packed ones to compare."]
    assert study_html(page).count("<del>10.0") == 0
    assert study_html(page).count("<del>90.0") == 1


def test_runs_without_labels_are_named(tmp_path):
    runs, labels = study(tmp_path, PACKING)
    failed = make_run(tmp_path, study="s", n=160, seconds=(), status="oom", model=REAL)
    random = make_run(tmp_path, study="s", n=16, reviews=400, model=HERMES)
    runs = pd.concat([runs, runs_frame([failed, random], [])], ignore_index=True)
    page = labels_page(runs, quality_frame(runs, labels))
    assert len(page.table.rows) == 5
    assert any(note.startswith("Not judged: 1 run with random weights") for note in page.notes)
    assert any(
        note.startswith("No labels: s, packed prompts (n=160") and "out of memory" in note
        for note in page.notes
    )


@pytest.mark.parametrize(
    ("values", "text"), [({"model": HERMES}, NOTHING), ({}, "No answer: no run has labels")]
)
def test_nothing_to_judge(tmp_path, values, text):
    runs, labels = study(tmp_path, PACKING[:2], **values)
    if not values:
        labels = {}
    found, places = quality_frame(runs, labels), positions_frame(runs, labels)
    assert found.empty
    page = labels_page(runs, found)
    assert page.findings[0].startswith(text)
    assert study_html(page)
    assert study_markdown(page).count("\n") > 3
    figure = labels_figure(runs, found, places)
    assert any(each.get_text().startswith(text) for each in figure.texts)


def row(run, layout, n, **values):
    defaults = {"reviews": 400, "decoding": "free", "instruction": "last", "fingerprint": "f", "valid": True}
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
        row("free", "separate", 1), row("labels", "separate", 1, decoding="labels"),
        row("p-free", "packed", 4), row("p-labels", "packed", 4, decoding="labels"),
        row("p-first", "packed", 4, decoding="labels", instruction="first"),
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
    restricted = spec.workload.model_copy(update={"decoding": "labels"})
    spec = spec.model_copy(update={"workload": restricted})
    labels = replace(free, measurement=free.measurement.model_copy(update={"spec": spec, "run": "other"}))
    runs = runs_frame([free, labels], [])
    assert list(runs["decoding"]) == ["free", "labels"]
    assert set(runs["reuse"]) == {"none"}
    assert set(runs["instruction"]) == {"last"}
    (sentence,) = findings(runs, Plot())
    assert "packed prompts (decoding=labels)" in sentence


def test_the_figure_has_a_place_for_each_run(tmp_path):
    runs, labels = study(tmp_path, PACKING)
    figure = labels_figure(runs, quality_frame(runs, labels), positions_frame(runs, labels))
    accuracy, along, coverage = figure.axes
    drawn = {line.get_marker(): line for line in accuracy.lines}
    assert [round(x) for x in drawn["o"].get_xdata()] == [4, 8, 10, 80]
    assert list(drawn["o"].get_ydata()) == pytest.approx([99.0, 100.0, 90.0, 95.0])
    assert [round(x) for x in drawn["s"].get_xdata()] == [1]
    assert min(coverage.lines[0].get_ydata()) == 95.0
    by_name = {line.get_label(): line for line in along.lines}
    assert list(by_name) == ["n=80", "n=10", "n=8", "n=4"]
    assert list(by_name["n=10"].get_ydata()) == [100.0] * 9 + [0.0]
    assert list(by_name["n=10"].get_xdata()) == [5.0 + 10 * each for each in range(10)]


def test_scripts_from_runs_to_page_and_figure(tmp_path, monkeypatch, capsys):
    study(tmp_path, PACKING)
    grid = {"set": {"reviews": 400}, "include": [{"layout": layout, "n": n} for layout, n, _ in PACKING]}
    studies = {
        "s": grid,
        "unread": {"include": [{"layout": "packed", "n": 4}]},
        "packing": None,
        "saturation": None,
    }
    make_run(tmp_path, study="unread", n=4, model=REAL)
    config = str(write_config(tmp_path / "config.json", studies=studies))
    tables, labels, plots = (str(tmp_path / name) for name in ("tables", "labels", "plots"))
    words = ["make_tables.py", "--runs", str(tmp_path / "runs"), "--config", config, "--labels", labels]
    monkeypatch.setattr("sys.argv", [*words, "--out", tables])
    make_tables.main()
    frame = pd.read_csv(tmp_path / "tables" / "runs.csv")
    assert list(frame["accuracy"].dropna()) == [0.9, 1.0, 0.95, 0.99, 0.99]
    assert "correct reviews/s" in (tmp_path / "tables" / "s.md").read_text()

    words = ["report_labels.py", "--tables", f"{tables}/runs.parquet", "--labels", labels, "--config", config]
    monkeypatch.setattr("sys.argv", [*words, "--out-tables", tables, "--out-plots", plots])
    report_labels.main()
    assert "labels of 5 runs judged, 1 runs without" in capsys.readouterr().out
    found = pd.read_csv(tmp_path / "tables" / "labels.csv")
    assert list(found["base"].dropna()) == ["separate-n1"] * 4
    assert found["accuracy"].tolist() == [0.9, 1.0, 0.95, 0.99, 0.99]
    assert "No labels: unread," in (tmp_path / "tables" / "labels.md").read_text()
    drawn = (tmp_path / "plots" / "labels.svg").read_bytes()
    assert (tmp_path / "plots" / "labels.png").read_bytes().startswith(b"\x89PNG")
    report_labels.main()
    assert (tmp_path / "plots" / "labels.svg").read_bytes() == drawn
