"""Events as PyTorch's profiler writes them."""

import pandas as pd

STEP = "execute_context_{}({})_generation_{}({})"


def span(cat: str, name: str, start: float, end: float, tid: int = 1) -> dict:
    """A complete event of a Chrome trace; times in µs."""
    return {"ph": "X", "cat": cat, "name": name, "ts": start, "dur": end - start, "pid": 0, "tid": tid}


def step(start: float, end: float, *counts: int, cat: str = "user_annotation", tid: int = 1) -> dict:
    return span(cat, STEP.format(*(counts or (1, 100, 0, 0))), start, end, tid)


def microseconds(values: pd.Series) -> dict[str, int]:
    return {name: round(1e6 * seconds) for name, seconds in values.items() if round(1e6 * seconds)}


CPU_TRACE = [
    {"ph": "M", "name": "process_name", "pid": 0, "tid": 0, "args": {"name": "python"}},
    step(1000, 1100, 1, 100, 2, 2),
    step(1200, 1300, 3, 50, 4, 4),
    step(1400, 1500, 0, 0, 7, 7),
    span("cpu_op", "vllm::unified_attention_with_output", 1210, 1260),
    span("cpu_op", "_C::cpu_attention_with_kv_cache", 1220, 1240),
    span("cpu_op", "_C::onednn_mm", 1260, 1290),
    span("cpu_op", "_C::greedy_argmax", 1320, 1330),  # behind the step's range
    span("cpu_op", "aten::mul", 1225, 1235, tid=2),  # another thread: it does not count
    span("cpu_op", "aten::mul", 900, 1010),  # reaches into the capture
    span("cpu_op", "aten::mul", 1495, 1600),  # reaches out of it
]
