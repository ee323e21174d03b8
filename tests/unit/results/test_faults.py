"""What a call must not end well with, and what is told of it."""

from typing import Any

import pytest
from support.engine_log import engine_log

from batchscope.jobs.failures.engine_exit_reason import root_cause
from batchscope.results.faults import (
    MOST_NAMES,
    ROWS_ALONE,
    Fault,
    as_json,
    as_text,
    exit_status,
    fault_of,
    in_short,
    not_accepted,
    rows_among,
    to_be_told,
    what_to_correct,
)

ARGS = {"kv_cache_memory_bytes": 1 << 20, "dtype": "float32", "seed": 0}


def measurement(status: str, message: str, **args: Any) -> dict[str, Any]:
    spec = {"engine": {"args": args}}
    return {"study": "packing", "run": "packed-n4", "status": status, "message": message, "spec": spec}


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ([("a/1", "ok", True), ("a/2", "oom", False), ("a/3", "timeout", False)], []),
        ([("a/1", "ok", True), ("a/2", "refused", False), ("a/3", "broke", False)], ["a/2", "a/3"]),
        ([("a/1", "ok", False), ("a/2", "died", False), ("b/1", "ok", True)], ["a/1", "a/2"]),
        ([], []),
    ],
    ids=["results stay results", "engines that did not start", "a study without a valid run", "nothing"],
)
def test_single_failures_are_results_and_what_did_not_start_is_told(runs: list, told: list[str]) -> None:
    assert to_be_told(runs) == told


@pytest.mark.parametrize(
    ("cause", "asked", "keys"),
    [
        (
            root_cause(engine_log("kv_cache_too_small")),
            ARGS,
            "engine.args.kv_cache_memory_bytes or engine.args.max_model_len,",
        ),
        (
            root_cause(engine_log("unknown_argument")),
            {**ARGS, "speed": "high"},
            "correct engine.args.extra.speed,",
        ),
        (
            root_cause(engine_log("unknown_flag")),
            {**ARGS, "max_seq_len": 4096},
            "correct engine.args.extra.max_seq_len,",
        ),
        (root_cause(engine_log("quantization")), {"quantization": "magic"}, "engine.args.quantization,"),
        (
            root_cause(engine_log("steps_too_small")),
            {"max_num_batched_tokens": 64},
            "engine.args.max_model_len or engine.args.max_num_batched_tokens,",
        ),
        (
            "ValueError: Unsupported connector type: Nope",
            {"kv_transfer_config": {"kv_connector": "Nope"}},
            "engine.args.extra.kv_transfer_config,",
        ),
        ("RuntimeError: no", {"seed": 1}, "correct 'engine' in the configuration,"),
    ],
)
def test_the_remedy_names_the_keys_that_the_cause_is_about(cause: str, asked: dict, keys: str) -> None:
    assert keys in what_to_correct(cause, asked)


@pytest.mark.parametrize("status", ["oom", "died", "timeout", "ok", "refused", "broke"])
def test_every_status_has_a_remedy(status: str) -> None:
    fault = fault_of(measurement(status, "why"), "logs/x.log")
    assert fault.run == "packing/packed-n4"
    assert len(fault.remedy) > 20
    assert [Fault(**each) for each in as_json([fault])] == [fault]


def test_each_cause_is_told_once_and_whole() -> None:
    cause = root_cause(engine_log("quantization")) or ""
    refused = [
        Fault(f"packing/n{n}-repeats-2", "refused", cause, "correct it", f"logs/n{n}.log")
        for n in range(MOST_NAMES + 8)
    ]
    other = Fault("saturation/n8", "oom", "OutOfMemoryError: 2 GiB", "shrink it", "logs/s.log")
    text = as_text([*refused, other])
    assert text.splitlines()[0] == (
        f"error: the engine does not accept {MOST_NAMES + 8} runs; no run of study saturation counts"
    )
    for line in cause.splitlines():
        assert text.count(line) == 1
    for words in (
        "packing/n0-repeats-2,",
        f"packing/n{MOST_NAMES - 1}-repeats-2,",
        "and 8 more:",
        "Remedy: correct it",
        "Log: logs/n0.log",
        "saturation/n8:",
        "Log: logs/s.log",
    ):
        assert text.count(words) == 1, words


def test_what_the_engine_does_not_accept_is_a_row_where_others_of_its_study_count() -> None:
    runs = [("a/1", "ok", True), ("a/2", "refused", False), ("a/3", "broke", False)]
    assert rows_among(runs) == {"a/2"}
    assert rows_among([("b/1", "refused", False), ("b/2", "oom", False), ("a/1", "ok", True)]) == set()


def test_a_row_is_told_in_short_and_the_call_ends_with_a_status_of_its_own() -> None:
    cause = root_cause(engine_log("quantization")) or ""
    row = fault_of(measurement("refused", cause, quantization="magic"), "logs/a.log", is_row=True)
    broke = fault_of(measurement("broke", "RuntimeError: CUDA error: illegal access"), "logs/b.log")
    assert [exit_status(each) for each in ([], [row], [row, row], [broke], [row, broke])] == [
        0, ROWS_ALONE, ROWS_ALONE, 1, 1,
    ]  # fmt: skip
    assert as_text([row]).splitlines() == [
        "1 run not accepted by the engine, and shown so; all else is measured",
        "  packing/packed-n4:",
        "    Unknown quantization method: magic",
        f"    Remedy: {row.remedy}",
        "    Log: logs/a.log",
    ]
    assert "correct engine.args.quantization," in row.remedy
    assert row.remedy.endswith("and by `make retry`")
    both = as_text([broke, row])
    assert both.index("not accepted") < both.index("error: the engine of 1 run did not start")
    assert broke.remedy.endswith("the same call measures what is missing")


LITERAL = """ValidationError: 1 validation error for CacheConfig
cache_dtype
  Input should be 'auto', 'float16' or 'fp8' [type=literal_error, input_value='fp9', input_type=str]
    For further information visit https://errors.pydantic.dev/2.14/v/literal_error"""


@pytest.mark.parametrize(
    ("message", "short"),
    [
        (root_cause(engine_log("quantization")), "Unknown quantization method: magic"),
        (LITERAL, "cache_dtype: Input should be 'auto', 'float16' or 'fp8'"),
        ("ValueError: fp8 is currently not supported in cpu.", "fp8 is currently not supported in cpu"),
        ("NotImplementedError: needs AVX-512.\nSee the docs", "needs AVX-512"),
        ("NotImplementedError", "NotImplementedError"),
        ("unrecognized arguments: --speed high", "unrecognized arguments: --speed high"),
        ("ValueError: vLLM 0.26.0 has none of them", "vLLM 0.26.0 has none of them"),
    ],
)
def test_a_reason_is_the_sentence_that_says_why(message: str, short: str) -> None:
    assert in_short(message) == short
    assert not_accepted(message) == f"not accepted by the engine: {short}"


def test_a_long_reason_is_cut() -> None:
    assert in_short(f"ValueError: {'word ' * 99}").endswith(" word…")
    assert len(in_short("ValueError: " + "x" * 999)) == 140
