"""The JSON of ``vllm bench serve``."""

import json

import pytest
from support.imported_results import content_of
from support.project import ROOT

from batchscope.results.imported.vllm_serve import recognises, rows

ON_A_GPU = ROOT / "docs/reference/h100/serving/closed_loop/separate-n40-c64/bench.json"


def test_a_real_file_holds_load_rates_and_latencies():
    content = content_of("vllm_serve.json")
    assert recognises(content)
    (row,) = rows(content)
    assert (row.model, row.max_concurrency, row.request_rate) == ("demo", 8, None)
    assert (row.requests, row.failed, row.prompt_tokens, row.output_tokens) == (60, 0, 5772, 480)
    for name in ("request_throughput", "median_ttft_ms", "p99_itl_ms", "median_e2el_ms", "p99_tpot_ms"):
        assert getattr(row, name) == content[name]


def test_answers_of_one_token_have_no_time_per_further_token():
    (row,) = rows(json.loads(ON_A_GPU.read_text()))
    assert (row.median_tpot_ms, row.p99_itl_ms) == (None, None)
    assert row.median_ttft_ms == pytest.approx(475.03, abs=0.01)


@pytest.mark.parametrize(
    ("rate", "limit", "says"),
    [("inf", None, "all at once"), (12.5, None, "at a rate"), (12.5, 8, "at a rate"), ("inf", 8, "at most")],
)
def test_how_requests_came(rate, limit, says):
    (row,) = rows(content_of("vllm_serve.json") | {"request_rate": rate, "max_concurrency": limit})
    assert says in row.load
    assert row.request_rate == (12.5 if rate == 12.5 else None)


def test_a_path_of_somebody_s_machine_is_not_taken():
    (row,) = rows(content_of("vllm_serve.json") | {"model_id": "/home/anna/models/demo"})
    assert "anna" not in str(row)
