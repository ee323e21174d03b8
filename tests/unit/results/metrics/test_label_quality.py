"""Metrics of labels: how right they are, in a repeat's numbers and in a study's table."""

import pytest
from support.analysis_helpers import HERMES, REAL, labelled, make_run, write_labels

from batchscope.config.studies import Study
from batchscope.reports.study.page import NO_LABELS, study_page
from batchscope.results.frames import runs_frame
from batchscope.results.label_rows import with_labels
from batchscope.results.metrics.registry import METRICS


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
