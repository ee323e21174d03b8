"""GuideLLM's report as JSON."""

import pytest
from support.imported_results import content_of

from batchscope.results.imported.guidellm import recognises, refusal, rows


def test_a_real_sweep_has_a_row_for_each_load():
    content = content_of("guidellm.json")
    assert recognises(content)
    assert refusal(content) is None
    found = rows(content)
    assert [row.max_concurrency for row in found] == [1, 8]
    assert {(row.version, row.model, row.requests, row.failed) for row in found} == {("0.8.1", "demo", 40, 0)}


def test_figures_go_under_vllm_s_names():
    content = content_of("guidellm.json")
    metrics, row = content["benchmarks"][1]["metrics"], rows(content)[1]
    assert row.median_tpot_ms == metrics["inter_token_latency_ms"]["successful"]["median"]
    assert row.median_tpot_ms != metrics["time_per_output_token_ms"]["successful"]["median"]
    assert row.median_itl_ms is None
    assert row.p99_e2el_ms == pytest.approx(
        1e3 * metrics["request_latency"]["successful"]["percentiles"]["p99"]
    ), "it is in seconds there"
    assert row.tokens_per_request == pytest.approx(
        (row.prompt_tokens + row.output_tokens) / row.requests, rel=0.01
    )
    assert row.median_ttft_ms < row.median_e2el_ms


@pytest.mark.parametrize(
    ("strategy", "load"),
    [
        ({"type_": "synchronous"}, ("synchronous", 1, None)),
        ({"type_": "concurrent", "streams": 16}, ("concurrent", 16, None)),
        ({"type_": "throughput", "max_concurrency": 512}, ("throughput", 512, None)),
        ({"type_": "throughput", "max_concurrency": None}, ("throughput", None, None)),
        ({"type_": "poisson", "rate": 2.5, "max_concurrency": None}, ("poisson", None, 2.5)),
        ({}, (None, None, None)),
    ],
)
def test_how_requests_came(strategy, load):
    content = content_of("guidellm.json")
    content["benchmarks"][0]["config"]["strategy"] = strategy
    row = rows(content)[0]
    assert (row.load, row.max_concurrency, row.request_rate) == load


def test_the_model_stands_elsewhere_in_version_1():
    content = content_of("guidellm.json")
    content["metadata"]["version"] = 1
    content["args"] = {"model": "owner/demo"}
    del content["config"]
    assert refusal(content) is None
    assert rows(content)[0].model == "demo"


@pytest.mark.parametrize(
    ("metadata", "says"),
    [({"version": 3}, "version 3"), ({"version": [2]}, "version [2]"), ({}, "before 0.5")],
)
def test_other_versions_are_refused(metadata, says):
    content = content_of("guidellm.json") | {"metadata": metadata}
    assert recognises(content)
    assert says in refusal(content)
