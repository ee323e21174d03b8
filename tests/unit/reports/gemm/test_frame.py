"""Rates, ratios and shares of matrix products, from times that are known."""

from typing import Any

import pandas as pd
import pytest

from batchscope.reports.gemm.figure import gemm_figure
from batchscope.reports.gemm.frame import ALL, gemm_frame
from batchscope.reports.gemm.page import gemm_page

SHAPES = {"qkv": (6144, 4096), "down": (4096, 14336)}
SPEED = {
    "dense bfloat16": ("bfloat16", False, 600.0),
    "dense fp8": ("fp8", False, 1200.0),
    "2:4 bfloat16, cuSPARSELt": ("bfloat16", True, 750.0),
    "2:4 fp8, cuSPARSELt": ("fp8", True, 1080.0),
}
"""TFLOP/s that the times are made of."""

REASON = "torchao is not installed here"


def measured(rounds: int = 4, drift: float = 0.2) -> dict[str, Any]:
    """Two layers at one number of tokens; the device slows down from round to round, for all kernels alike."""
    rows = []
    for layer, (outputs, inputs) in SHAPES.items():
        common = {"layer": layer, "outputs": outputs, "inputs": inputs, "tokens": 1024}
        for kernel, (precision, sparse, rate) in SPEED.items():
            once = 2 * 1024 * outputs * inputs / (rate * 1e12)
            times = [once * (1 + drift * number) for number in range(rounds)]
            rows.append(
                {**common, "kernel": kernel, "precision": precision, "sparse": sparse, "refused": None,
                 "seconds": times, "calls": 3, "error": 0.001, "notes": {"alg_id": 2}}
            )  # fmt: skip
        rows.append(
            {**common, "kernel": "2:4 fp8, torchao CUTLASS", "precision": "fp8", "sparse": True,
             "refused": REASON, "seconds": [], "calls": 0, "error": None, "notes": {}}
        )  # fmt: skip
    environment = {
        "gpu": {"name": "NVIDIA H200"},
        "cpu": {"model": "x", "cores": 1},
        "versions": {"torch": "2"},
    }
    return {"model": "8b", "rows": rows, "pruning": {"qkv": 0.36, "down": 0.36}, "environment": environment}


@pytest.fixture
def frame() -> pd.DataFrame:
    return gemm_frame([measured()])


def of(frame: pd.DataFrame, layer: str, kernel: str) -> "pd.Series[Any]":
    found = frame[(frame["layer"] == layer) & (frame["kernel"] == kernel)]
    assert len(found) == 1
    return found.iloc[0]


def test_a_steady_device_gives_the_rates_that_times_were_made_of() -> None:
    steady = gemm_frame([measured(drift=0)])
    for kernel, (_, _, rate) in SPEED.items():
        for layer in (*SHAPES, ALL):
            assert of(steady, layer, kernel)["tflops"] == pytest.approx(rate)


def test_2_4_is_held_against_dense_of_its_own_precision(frame: pd.DataFrame) -> None:
    for layer in (*SHAPES, ALL):
        sparse16, sparse8 = (of(frame, layer, f"2:4 {name}, cuSPARSELt") for name in ("bfloat16", "fp8"))
        assert (sparse16["base"], sparse8["base"]) == ("dense bfloat16", "dense fp8")
        assert sparse16["ratio"] == pytest.approx(750 / 600)
        assert sparse8["ratio"] == pytest.approx(1080 / 1200)
        assert of(frame, layer, "dense fp8")["ratio"] == pytest.approx(2)
        assert pd.isna(of(frame, layer, "dense bfloat16")["ratio"])


def test_a_drift_that_all_share_is_in_no_ratio(frame: pd.DataFrame) -> None:
    row = of(frame, "qkv", "2:4 bfloat16, cuSPARSELt")
    assert row["ratio_high"] - row["ratio_low"] < 1e-9
    assert row["tflops_high"] > 1.1 * row["tflops_low"]


def test_the_peak_of_2_4_is_twice_the_dense_one(frame: pd.DataFrame) -> None:
    steady = gemm_frame([measured(drift=0)])
    assert of(steady, "qkv", "dense bfloat16")["share_of_peak"] == pytest.approx(600 / 989.5)
    assert of(steady, "qkv", "2:4 bfloat16, cuSPARSELt")["share_of_peak"] == pytest.approx(750 / 1979)
    assert of(steady, "qkv", "2:4 fp8, cuSPARSELt")["share_of_peak"] == pytest.approx(1080 / 3958)


def test_the_page_says_where_each_wins_and_why_one_did_not_run(frame: pd.DataFrame) -> None:
    page = gemm_page([measured()], frame)
    assert page.findings == [
        "8b, 2:4 bfloat16, cuSPARSELt: 1.25x to 1.25x the rate of dense bfloat16 over 2 products; faster in 2, "
        "slower in 0. A layer's products together: 1.25x at 1,024 tokens.",
        "8b, 2:4 fp8, cuSPARSELt: 0.90x to 0.90x the rate of dense fp8 over 2 products; faster in 0, slower in 2. "
        "A layer's products together: 0.90x at 1,024 tokens.",
    ]
    refused = next(section for section in page.sections if section.heading == "What did not run, and why")
    assert refused.table.rows == [["8b", "2:4 fp8, torchao CUTLASS", "2", REASON]]
    assert any("dense-equivalent" in note for note in page.notes)


def test_the_figure_has_a_panel_for_each_product(frame: pd.DataFrame) -> None:
    figure = gemm_figure(frame, ["Measured."])
    titles = {ax.get_title(loc="left") for ax in figure.axes}
    assert {"8b: a layer's products", "rate / dense of the same precision", *SHAPES} <= titles


def test_a_machine_on_which_nothing_runs_has_a_page_too() -> None:
    one = measured()
    for row in one["rows"]:
        row |= {"seconds": [], "refused": "it needs a GPU", "error": None}
    frame = gemm_frame([one])
    assert gemm_page([one], frame).findings == ["No answer: no kernel ran."]
    assert gemm_figure(frame, [])
