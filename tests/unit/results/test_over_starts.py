"""Runs in several engine starts: one row each, over those that count."""

from statistics import geometric_mean

import pytest
from support.analysis_helpers import H200, frame, gpu_sample, labelled, make_run, write_labels

from batchscope.results.frames import repeats_frame, starts_frame
from batchscope.results.label_rows import labels_of_studies, load_labels, with_labels
from batchscope.results.over_starts import labels_of_runs
from batchscope.statistics.intervals import sample
from batchscope.statistics.replicates import Replicates, Start, estimate
from batchscope.statistics.spread import BETWEEN_STARTS

SPEEDS = ((1.0, 1.1, 0.9), (1.2, 1.3, 1.25), (0.8, 0.82, 0.81))
"""Seconds of the repeats of each start."""


def started(root, *seconds, ids=("a", "b", "c"), **values):
    """The records of one run, one for each of its starts."""
    return [
        make_run(root, seconds=each, start=number, start_id=name, **values)
        for number, (each, name) in enumerate(zip(seconds, ids, strict=False), 1)
    ]


def test_a_run_is_one_row_whose_speed_and_interval_are_those_of_its_starts(tmp_path):
    records = started(tmp_path, *SPEEDS)
    row = frame(*records).iloc[0]
    assert (row["run"], row["starts"], row["repeats"]) == ("packed-n4", 3, 3)
    means = [geometric_mean(4 / each for each in seconds) for seconds in SPEEDS]
    assert row["texts_per_s"] == pytest.approx(geometric_mean(means))
    logs = [
        Start("", str(place), sample([4 / each for each in seconds])) for place, seconds in enumerate(SPEEDS)
    ]
    found = estimate(Replicates(tuple(logs), "cpu")).interval()
    assert (row["texts_per_s_low"], row["texts_per_s_high"]) == pytest.approx((found.low, found.high))
    assert row["timed_s"] == pytest.approx(sum(map(sum, SPEEDS)))
    within = frame(records[0]).iloc[0]["noise"], frame(records[1]).iloc[0]["noise"]
    assert min(within) / 3 < row["noise"] < max(within), "that inside of a start, not between them"


def test_two_starts_lean_on_the_documented_spread(tmp_path):
    row = frame(*started(tmp_path, (1.0, 1.0, 1.0), (1.0, 1.0, 1.0))).iloc[0]
    width = row["texts_per_s_high"] / row["texts_per_s"] - 1
    assert 0.08 < width < BETWEEN_STARTS["cpu"].margin
    alone = frame(*started(tmp_path / "alone", (1.0, 1.0, 1.0))).iloc[0]
    assert alone["texts_per_s_high"] == alone["texts_per_s_low"], "on one start, repeatability alone"


def test_the_table_of_starts_and_that_of_repeats_name_the_start(tmp_path):
    records = started(tmp_path, *SPEEDS)
    starts, repeats = starts_frame(records), repeats_frame(records)
    assert list(starts["run"]) == 3 * ["packed-n4"]
    assert list(starts["folder"]) == ["packed-n4", "packed-n4.start2", "packed-n4.start3"]
    assert list(starts["start_id"]) == ["a", "b", "c"]
    assert list(starts["texts_per_s"]) == [frame(record).iloc[0]["texts_per_s"] for record in records]
    assert list(repeats["start"]) == [1, 1, 1, 2, 2, 2, 3, 3, 3]
    assert set(repeats["run"]) == {"packed-n4"}


def test_a_start_that_does_not_count_is_left_out_and_named(tmp_path):
    bad = make_run(
        tmp_path, invalid=[{"code": "foreign_process", "detail": "somebody"}], seconds=(9.0, 9.1, 9.2)
    )
    good = [make_run(tmp_path, seconds=each, start=number) for number, each in enumerate(SPEEDS[1:], 2)]
    failed = make_run(tmp_path, start=4, status="oom", seconds=())
    row = frame(bad, *good, failed).iloc[0]
    assert row["valid"]
    assert row["starts"] == 2
    assert row["starts_left_out"] == "start 1 (foreign_process), start 4 (oom)"
    assert row["texts_per_s"] == pytest.approx(frame(*good).iloc[0]["texts_per_s"])


def test_a_run_none_of_whose_starts_counts_is_its_first_one(tmp_path):
    bad = [{"code": "throttled", "detail": "hot"}]
    row = frame(*(make_run(tmp_path, invalid=bad, start=start) for start in (1, 2))).iloc[0]
    assert not row["valid"]
    assert (row["invalid"], row["run"]) == ("throttled", "packed-n4")


@pytest.mark.parametrize(("starts", "unsteady"), [(1, True), (2, True), (3, False)])
def test_two_states_are_settled_by_three_starts(tmp_path, starts, unsteady):
    row = frame(*started(tmp_path, *[(1.0, 1.001, 2.0)] * starts)).iloc[0]
    assert bool(row["unsteady"]) is unsteady


def test_labels_are_those_of_the_first_start_that_counts(tmp_path):
    """Three texts; the second start labels one of them otherwise, and the third two."""
    answers = ("++-:+--", "++-:+-+", "++-:+++")
    names = ("packed-n3", "packed-n3.start2", "packed-n3.start3")
    rows = [
        labelled(answer, run=name, repeat=repeat)
        for name, answer in zip(names, answers, strict=True)
        for repeat in range(3)
    ]
    labels = tmp_path / "labels"
    write_labels(labels / "packing.parquet", *rows)
    real = {"source": "local", "path": "m", "load_format": "auto"}
    records = [
        make_run(tmp_path, n=3, start=start, model=real, invalid=[{"code": "gpus"}] if start == 1 else [])
        for start in (1, 2, 3)
    ]
    row = frame(*with_labels(records, labels)).iloc[0]
    assert row["labels_differ_between_starts"] == 1, "among those that count"
    assert row["accuracy"] == pytest.approx(1 / 3)
    found = labels_of_runs(
        labels_of_studies({"packing": load_labels(labels / "packing.parquet")}), frame(*records)
    )
    assert set(found["packing", "packed-n3"]["run"]) == {"packed-n3.start2"}


def test_runs_with_one_start_have_no_columns_of_several(tmp_path):
    columns = set(frame(make_run(tmp_path)).columns)
    assert "starts" in columns
    assert not columns & {"each_start", "starts_left_out", "labels_differ_between_starts"}


def test_a_run_on_two_gpus_names_both(tmp_path):
    records = [
        make_run(tmp_path, start=start, gpu=H200 | {"ids": [gpu]}, hardware=[gpu_sample(0.1, 600.0)])
        for start, gpu in ((1, "bbbb"), (2, "aaaa"))
    ]
    assert frame(*records).iloc[0]["gpu_ids"] == "aaaa, bbbb"
