"""Throughputs by values worked out by hand."""

import pytest
from support.analysis_helpers import make_run

from batchscope.results.metrics.registry import METRICS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("request_throughput", 50.0),  # 100 requests / 2 s
        ("total_token_throughput", 60_200.0),  # (120,000 + 400) tokens / 2 s
        ("output_throughput", 200.0),  # 400 tokens / 2 s
        ("texts_per_s", 200.0),  # 400 texts / 2 s
        ("duration_s", 2.0),
    ],
)
def test_metrics_of_one_repeat(tmp_path, name, value):
    run = make_run(tmp_path, n=4, texts=400, seconds=(2.0,), prompt_tokens=120_000)
    assert METRICS[name].of(run, run.measurement.repeats[0]) == value


def test_every_submission_of_a_duplicate_is_a_text(tmp_path):
    run = make_run(tmp_path, n=4, texts=8, duplicates=100, seconds=(2.0,))
    assert METRICS["texts_per_s"].of(run, run.measurement.repeats[0]) == 400.0  # 8 x 100 / 2 s


def test_texts_left_out_of_the_workload_are_n(tmp_path):
    run = make_run(tmp_path, n=40, texts=None, seconds=(2.0,))
    assert METRICS["texts_per_s"].of(run, run.measurement.repeats[0]) == 20.0
