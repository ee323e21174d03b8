"""What a call must not end well with, and what is told of it."""

from typing import Any

import pytest
from support.engine_log import engine_log

from batchscope.jobs.failures.engine_exit_reason import root_cause
from batchscope.results.faults import (
    MOST_NAMES,
    Fault,
    as_json,
    as_text,
    fault_of,
    remedy_for_refused,
    to_be_told,
)

ARGS = {"kv_cache_memory_bytes": 1 << 20, "dtype": "float32", "seed": 0}


def measurement(status: str, message: str, **args: Any) -> dict[str, Any]:
    spec = {"engine": {"args": args}}
    return {"study": "packing", "run": "packed-n4", "status": status, "message": message, "spec": spec}


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        ([("a/1", "ok", True), ("a/2", "oom", False), ("a/3", "timeout", False)], []),
        ([("a/1", "ok", True), ("a/2", "refused", False)], ["a/2"]),
        ([("a/1", "ok", False), ("a/2", "died", False), ("b/1", "ok", True)], ["a/1", "a/2"]),
        ([], []),
    ],
    ids=["results stay results", "a refused one", "a study without a valid run", "nothing"],
)
def test_single_failures_are_results_and_refusals_are_not(runs: list, told: list[str]) -> None:
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
    assert keys in remedy_for_refused(cause, asked)


@pytest.mark.parametrize("status", ["oom", "died", "timeout", "ok", "refused"])
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
        f"error: the engine of {MOST_NAMES + 8} runs did not start; no run of study saturation counts"
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
