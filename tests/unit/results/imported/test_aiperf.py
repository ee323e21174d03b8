"""AIPerf's profile_export_aiperf, JSON and CSV."""

from dataclasses import replace

import pytest
from support.imported_results import content_of

from batchscope.results.imported.aiperf import recognises, refusal, rows


def test_a_real_file_holds_load_rates_and_latencies():
    content = content_of("aiperf.json")
    assert recognises(content)
    assert refusal(content) is None
    (row,) = rows(content)
    assert (row.version, row.model, row.load, row.max_concurrency) == ("0.13.0", "smollm2", "concurrency", 4)
    assert (row.requests, row.failed) == (40, 0)
    assert (row.prompt_tokens, row.output_tokens) == (3840, 317)
    assert row.median_tpot_ms == content["inter_token_latency"]["p50"]
    assert row.p99_itl_ms == content["inter_chunk_latency"]["p99"]
    assert row.total_token_throughput == content["total_token_throughput"]["avg"]


def test_the_csv_of_the_same_run_says_the_same_but_for_model_and_load():
    content = content_of("aiperf.csv")
    assert recognises(content)
    (of_csv,), (of_json,) = rows(content), rows(content_of("aiperf.json"))
    assert (of_csv.model, of_csv.load, of_csv.version) == (None, None, None)
    named = replace(
        of_csv, model=of_json.model, load=of_json.load, version=of_json.version, max_concurrency=4.0
    )
    for name, value in of_json.as_row().items():
        assert named.as_row()[name] == (
            value if not isinstance(value, float) else pytest.approx(value, abs=0.006)
        )


def test_a_warm_up_s_load_is_not_the_load_s():
    content = content_of("aiperf.json")
    content["input_config"]["phases"] = [
        {"kind": "warmup", "type": "concurrency", "concurrency": 2},
        {"kind": "profiling", "type": "poisson", "rate": 12.5},
    ]
    (row,) = rows(content)
    assert (row.load, row.max_concurrency, row.request_rate) == ("poisson", None, 12.5)


def test_total_tokens_a_second_are_computed_where_an_older_file_has_none():
    content = content_of("aiperf.json")
    whole = rows(content)[0].total_token_throughput
    del content["total_token_throughput"]
    assert rows(content)[0].total_token_throughput == pytest.approx(whole, rel=0.01)


def test_units_count():
    content = content_of("aiperf.json")
    median = content["request_latency"]["p50"]
    content["request_latency"]["unit"] = "sec"
    assert rows(content)[0].median_e2el_ms == pytest.approx(1e3 * median)
    content["request_latency"]["unit"] = "fortnights"
    assert rows(content)[0].median_e2el_ms is None


def test_other_versions_are_refused():
    assert "version 2.0" in (refusal(content_of("aiperf.json") | {"schema_version": "2.0"}) or "")


def test_other_tables_are_none():
    assert not recognises([["Metric", "Value"], ["Metric"], ["x", "1"]])
    assert not recognises([["a", "b"], ["Request Latency (ms)", "1"]])
    assert not recognises([])
