"""Ratios of two runs: what their repeats had, and what another start may give."""

import pytest
from support.analysis_helpers import H200, frame, gpu_sample, make_run

from batchscope.results.comparison import likely, on_two_gpus, ratio, shared_starts
from batchscope.statistics.spread import BETWEEN_GPUS, BETWEEN_STARTS


def pair(tmp_path, ids=("aaaa", "aaaa"), utilization=0.97, seconds=((1.0, 1.01, 0.99), (0.9, 0.91, 0.89))):
    runs = frame(
        *(
            make_run(
                tmp_path,
                n=n,
                seconds=values,
                gpu=H200 | {"ids": [gpu]},
                hardware=[gpu_sample(0.1, 600.0, utilization=utilization)],
            )
            for n, values, gpu in zip((4, 8), seconds, ids, strict=True)
        )
    )
    return runs.iloc[1], runs.iloc[0]


def test_the_ratio_is_that_of_the_means_in_the_table(tmp_path):
    run, base = pair(tmp_path)
    found = ratio(run, base)
    assert found.middle == pytest.approx(run["texts_per_s"] / base["texts_per_s"])
    assert found.interval.middle == pytest.approx(found.middle)
    assert likely(run, base).estimate.interval().middle == pytest.approx(found.middle)


def test_another_start_may_lie_further_off_than_the_repeats(tmp_path):
    run, base = pair(tmp_path, seconds=((1.0, 1.0001, 0.9999), (0.9, 0.9001, 0.8999)))
    again, here = likely(run, base).estimate.interval(), ratio(run, base).interval
    assert again.low < here.low < here.high < again.high
    assert likely(run, base).spread == pytest.approx(BETWEEN_STARTS["compute"].margin)


def test_a_gpu_that_waits_and_two_gpus_spread_more(tmp_path):
    waiting = likely(*pair(tmp_path / "waiting", utilization=0.3))
    assert waiting.spread == pytest.approx(BETWEEN_STARTS["host"].margin)
    two = pair(tmp_path / "two", ids=("aaaa", "bbbb"))
    assert on_two_gpus(*two)
    assert likely(*two).spread > BETWEEN_GPUS.margin


def starts(tmp_path, ids, gpus=("aaaa",) * 3, drift=(0.0, 0.1, -0.1), count=3):
    """Two runs in several starts, which the start slows alike; the second is a tenth faster, give or take."""
    return pair_of(
        make_run(
            tmp_path,
            n=n,
            seconds=tuple(base * (1 + slower) * noise for noise in (1.0, 1.01, 0.99)),
            start=number,
            start_id=name,
            gpu=H200 | {"ids": [gpu]},
            hardware=[gpu_sample(0.1, 600.0, utilization=0.97)],
        )
        for n, base, names in ((4, 1.0, ids[0]), (8, 1.8, ids[1]))
        for number, (name, gpu, slower) in enumerate(zip(names, gpus, drift, strict=True), 1)
        if number <= count
    )


def pair_of(records):
    runs = frame(*records)
    return runs.iloc[1], runs.iloc[0]


def test_what_a_start_does_to_both_runs_drops_out_of_pairs(tmp_path):
    shared = starts(tmp_path / "shared", ("abc", "abc"))
    assert shared_starts(*shared) == 3
    assert likely(*shared).settled
    found = ratio(*shared)
    assert found.middle == pytest.approx(shared[0]["texts_per_s"] / shared[1]["texts_per_s"])
    assert found.interval.high / found.middle < 1.001, "both were slowed alike"
    apart = starts(tmp_path / "apart", ("abc", "axc"))
    assert shared_starts(*apart) == 2
    assert ratio(*apart).interval.high / ratio(*apart).middle > 1.1, "one was measured again: drift stays in"


def test_starts_without_an_id_are_nobody_s_pair(tmp_path):
    """Measurements from before there were ids, raised to three starts."""
    old = starts(tmp_path, ((None, "b", "c"), (None, "b", "c")))
    assert shared_starts(*old) == 2


def test_two_starts_have_the_documented_spread_beside_their_own(tmp_path):
    two = likely(*starts(tmp_path, ("abc", "abc"), count=2, drift=(0.0, 0.0, 0.0)))
    assert not two.settled
    assert 0.5 * BETWEEN_STARTS["compute"].margin < two.spread < BETWEEN_STARTS["compute"].margin


def test_of_starts_on_three_gpus_the_gpus_count(tmp_path):
    gpus = ("aaaa", "bbbb", "cccc")
    found = starts(tmp_path, ("abc", "xyz"), gpus)
    assert ratio(*found).interval.high / ratio(*found).middle < 1.001, "both were on the same three"


def test_a_run_with_one_start_is_held_against_one_with_three_on_its_gpu(tmp_path):
    base = starts(tmp_path, ("abc", "abc"))[1]
    alone, _ = pair(tmp_path / "alone")
    assert not likely(alone, base).settled
    assert likely(alone, base).estimate.interval().high > 1
