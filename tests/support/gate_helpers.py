"""Runs as a GPU of one's own gives them, and what the gates say of a run."""

from support.analysis_helpers import H200, make_run
from support.shapes import BF16, HERMES

from batchscope.results.gates import validity_of

SHAPE = {"architecture": HERMES}


def sample(repeat=0, time_s=0.1, **values):
    """A row of hardware.parquet, as an idle-free GPU of one's own gives it."""
    return {
        "repeat": repeat,
        "time_s": time_s,
        "gpu": 0,
        "clock_event_reasons": 0,
        "foreign_processes": 0,
    } | values


CPU_SAMPLE = {"repeat": 0, "time_s": 0.1, "utilization": 0.9, "engine_utilization": 0.8, "stolen": 0.0}


def step(repeat=0, number=0, **values):
    """A row of steps.parquet."""
    tokens = ("prefill_tokens", "decode_tokens", "cached_tokens", "preempted", "discarded_tokens")
    return {"repeat": repeat, "step": number, **dict.fromkeys(tokens, 0)} | values


def gpu_run(tmp_path, **values):
    return make_run(
        tmp_path, **({"study": "mine", "gpu": H200, "resolved": BF16, "more": SHAPE, "args": {}} | values)
    )


def codes(record):
    return [reason.code for reason in validity_of(record).invalid]


def details(record):
    return [reason.detail for reason in validity_of(record).invalid]


def detail(record):
    (reason,) = details(record)
    return reason
