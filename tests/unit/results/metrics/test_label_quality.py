"""Metrics of labels: how right they are, in a repeat's numbers and in a study's table."""

import math

import pytest
from sklearn.metrics import accuracy_score, cohen_kappa_score, f1_score, recall_score
from support.analysis_helpers import HERMES, REAL, labelled, make_run, write_labels

from batchscope.config.studies import Study
from batchscope.reports.study.page import NO_LABELS, study_page
from batchscope.results.frames import runs_frame
from batchscope.results.label_rows import with_labels
from batchscope.results.metrics.registry import METRICS
from batchscope.results.reference_run import with_references


def test_metrics_of_a_repeat_count_every_duplicate(tmp_path):
    record = make_run(
        tmp_path,
        study="s",
        n=2,
        texts=4,
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
    assert values["correct_texts_per_s"] == 2.5
    assert values["joules_per_correct_text"] == 6.0


def judged(folder, *runs):
    """Runs of one study with labels, and the values of each metric in their first repeat.

    A run: layout, n, prompts as `labelled` has them, and the confidence of each text or None.
    """
    records, rows = [], []
    for layout, n, prompts, confidence in runs:
        texts = sum(prompt.index(":") for prompt in prompts)
        records.append(
            make_run(folder, study="s", layout=layout, n=n, texts=texts, model=REAL, seconds=(2.0,))
        )
        run = labelled(*prompts, run=f"{layout}-n{n}")
        rows.append(run if confidence is None else run.assign(confidence=confidence))
    write_labels(folder / "labels" / "s.parquet", *rows)
    found = with_references(with_labels(records, folder / "labels"), coverage=0.99)
    return [
        {name: metric.of(run, run.measurement.repeats[0]) for name, metric in METRICS.items()}
        for run in found
    ]


def test_many_labels_have_the_means_over_labels(tmp_path):
    (values,) = judged(tmp_path, ("packed", 3, ["aab:aac", "bcc:b?c"], None))
    gold, said = list("aabbcc"), ["a", "a", "c", "b", "none", "c"]
    assert values["accuracy"] == pytest.approx(accuracy_score(gold, said))
    assert values["balanced_accuracy"] == pytest.approx(
        recall_score(gold, said, labels=list("abc"), average="macro")
    )
    assert values["macro_f1"] == pytest.approx(f1_score(gold, said, labels=list("abc"), average="macro"))
    assert math.isnan(values["agreement"])
    assert math.isnan(values["kappa"])
    assert math.isnan(values["expected_calibration_error"])


def test_a_run_is_held_against_its_reference_run(tmp_path):
    packed, separate = judged(
        tmp_path, ("packed", 4, ["????:abc?"], None), ("separate", 1, ["?:a", "?:b", "?:a", "?:c"], None)
    )
    assert packed["agreement"] == 0.5
    assert packed["kappa"] == pytest.approx(cohen_kappa_score(list("abc?"), list("abac")))
    assert (separate["agreement"], separate["kappa"]) == (1.0, 1.0)
    assert math.isnan(packed["accuracy"])
    assert math.isnan(packed["correct_texts_per_s"])
    assert packed["label_coverage"] == 0.75


def test_labels_that_precision_flips_are_counted_and_named_on_the_page(tmp_path):
    """Of packed prompts against packed ones, of separate against separate; no label is an answer too."""
    engines = {"bf16": {}, "fp8": {"quantization": "fp8_per_tensor"}}
    said = {"bf16": ("abab", ["?:a", "?:b", "?:a", "?:b"]), "fp8": ("abb?", ["?:a", "?:b", "?:b", "?:b"])}
    records, rows = [], []
    for name, args in engines.items():
        packed, separate = said[name]
        for layout, n, prompts in (("packed", 4, [f"????:{packed}"]), ("separate", 1, separate)):
            settings = {"n": n, "texts": 4, "model": REAL, "seconds": (2.0,), "suffix": f"-{name}"}
            record = make_run(tmp_path, study="s", layout=layout, args=args, **settings)
            records.append(record)
            rows.append(labelled(*prompts, run=record.measurement.run))
    write_labels(tmp_path / "labels" / "s.parquet", *rows)
    held = with_references(with_labels(records, tmp_path / "labels"), coverage=0)
    runs = runs_frame(held, [])
    assert dict(zip(runs["run"], runs["label_flips"], strict=True)) == {
        "packed-n4-bf16": 0, "separate-n1-bf16": 0, "packed-n4-fp8": 0.5, "separate-n1-fp8": 0.25,
    }  # fmt: skip
    page = study_page("s", Study(), runs)
    assert "label flips (%)" in [heading for _, heading in page.table.columns]
    against = "against the most precise engine with the same prompts (packed-n4-bf16, separate-n1-bf16)"
    assert [line for line in page.notes if "flips" in line] == [f"Label flips: {against}."]


def test_texts_without_a_gold_label_are_taken_to_be_right_as_often(tmp_path):
    (values,) = judged(tmp_path, ("packed", 4, ["ab??:aabb"], None))
    assert values["accuracy"] == 0.5
    assert values["correct_texts_per_s"] == 1.0, "two of four texts, in two seconds"


def test_the_calibration_error_is_of_answers_with_a_confidence(tmp_path):
    (values,) = judged(tmp_path, ("packed", 4, ["aab?:aba?"], [0.9, 0.9, 0.6, 0.5]))
    assert values["expected_calibration_error"] == pytest.approx(
        (2 * abs(0.5 - 0.9) + abs(0 - 0.6)) / 3, abs=1e-6
    )


@pytest.mark.parametrize("model", [HERMES, {"source": "demo", "load_format": "dummy"}])
def test_random_weights_have_no_accuracy(tmp_path, model):
    record = make_run(tmp_path, study="s", n=2, model=model, seconds=(1.0,))
    write_labels(tmp_path / "labels" / "s.parquet", labelled("+-:+-", run="packed-n2"))
    runs = runs_frame(with_labels([record], tmp_path / "labels"), [])
    assert runs[["accuracy", "label_coverage", "correct_texts_per_s"]].isna().all(axis=None)
    page = study_page("s", Study(), runs)
    assert page.table.rows[0].count(NO_LABELS) == 1
    assert not {"coverage (%)", "correct texts/s"} & {name for _, name in page.table.columns}


def test_a_study_table_shows_how_right_the_labels_are(tmp_path):
    record = make_run(tmp_path, study="s", n=2, model=REAL, seconds=(1.0, 2.0, 1.0))
    rows = [labelled("+-:+?", run="packed-n2", repeat=repeat) for repeat in range(3)]
    write_labels(tmp_path / "labels" / "s.parquet", *rows)
    table = study_page("s", Study(), runs_frame(with_labels([record], tmp_path / "labels"), [])).table
    cells = dict(zip([name for _, name in table.columns], table.rows[0], strict=True))
    assert (cells["accuracy (%)"], cells["coverage (%)"]) == ("50.0", "50.0")
    assert cells["correct texts/s"].startswith("0.79 (0.")
    without = study_page("s", Study(), runs_frame([record], [])).table
    assert "accuracy (%)" not in {name for _, name in without.columns}
