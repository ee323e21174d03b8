"""One row of a result file."""

from batchscope.results.imported.figures import LATENCIES, THROUGHPUTS, Figures


def test_columns_have_vllm_s_names_and_are_all_there():
    row = Figures().as_row()
    assert {*LATENCIES, *THROUGHPUTS} < set(row)
    assert "median_ttft_ms" in LATENCIES
    assert set(row.values()) == {None}


def test_tokens_of_a_request_follow_from_two_rates():
    assert Figures(request_throughput=4, total_token_throughput=400).tokens_per_request == 100
    assert Figures(request_throughput=4).tokens_per_request is None
    assert Figures(total_token_throughput=400).tokens_per_request is None
