"""The JSON of ``vllm bench throughput``."""

from support.imported_results import content_of

from batchscope.results.imported.vllm_throughput import recognises, rows


def test_a_real_file_holds_its_rates_and_no_latency():
    content = content_of("vllm_throughput.json")
    assert recognises(content)
    (row,) = rows(content)
    assert (row.model, row.requests, row.failed, row.max_concurrency) == ("demo", 200, None, None)
    assert row.request_throughput == content["requests_per_second"]
    assert row.total_token_throughput == content["tokens_per_second"]
    assert round(row.tokens_per_request * row.requests) == content["total_num_tokens"]
    assert row.median_ttft_ms is None


def test_older_files_name_no_model():
    content = {key: value for key, value in content_of("vllm_throughput.json").items() if key != "model_id"}
    assert recognises(content)
    assert rows(content)[0].model is None


def test_files_of_other_tools_are_none():
    assert not any(
        recognises(content_of(name))
        for name in ("vllm_serve.json", "guidellm.json", "aiperf.json", "aiperf.csv")
    )
