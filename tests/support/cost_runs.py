"""Runs whose cost is known by hand, and their cost page."""

from support.analysis_helpers import H200, make_run
from support.shapes import BF16, HERMES, requests

from batchscope.inputs.demo_model import CONFIG as DEMO_CONFIG
from batchscope.reports.cost.curves import curves_of
from batchscope.reports.cost.frame import constants, cost_frame, estimate
from batchscope.reports.cost.page import cost_page
from batchscope.results.frames import runs_frame

LIMITS = {"max_num_batched_tokens": 16_384, "max_num_seqs": 1_024, "kv_cache_tokens": 914_784}
ON_H200 = {
    "gpu": H200,
    "args": {},
    "model_name": "hermes-8b",
    "resolved": BF16 | LIMITS | {"gpu_memory_utilization": 0.92, "block_size": 16},
    "more": {"architecture": HERMES},
}
ON_CPU = {
    "args": {"kv_cache_memory_bytes": 256 << 20},
    "resolved": {
        "dtype": "float32", "quantization": None, "kv_cache_dtype": "auto", "block_size": 128,
        "max_num_batched_tokens": 4096, "max_num_seqs": 256, "kv_cache_tokens": 524_288,
    },
    "more": {"architecture": DEMO_CONFIG},
}  # fmt: skip


def report(records):
    """Frame, constants, curves, page."""
    estimates = [estimate(record) for record in records]
    found = constants(estimates)
    frame, curves = cost_frame(estimates, found), curves_of(estimates, found)
    return frame, found, curves, cost_page(frame, runs_frame(records, []), found, curves)


def saturation(tmp_path, n, layout, seconds, texts=400, **values):
    """A run of texts of 290 tokens under an instruction of 20."""
    each = n if layout == "packed" else 1
    count, length = texts // each, 290 * each + 20
    return make_run(
        tmp_path, study="saturation", n=n, layout=layout, texts=texts, seconds=(seconds,) * 3,
        prompt_tokens=count * length, answers=requests([(length, 0, each)] * count, first_token_s=seconds),
        **(ON_H200 | values),
    )  # fmt: skip


def three_on_an_h200(tmp_path):
    return [
        saturation(tmp_path, 1, "separate", 2.8),
        saturation(tmp_path, 4, "packed", 2.75),
        saturation(tmp_path, 40, "packed", 5.0),
    ]
