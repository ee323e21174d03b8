"""Ratios of two runs: what their repeats had, and what another start may give."""

import pytest
from support.analysis_helpers import H200, frame, gpu_sample, make_run

from batchscope.results.comparison import likely, on_two_gpus, ratio
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
