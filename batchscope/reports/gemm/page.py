"""The page of matrix products: rates, ratios, errors, and the reasons of kernels that did not run."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from batchscope.reporting.numbers import counted, percent, show_count, show_ratio, three_digits
from batchscope.reporting.page import Page, Row, Section, Table
from batchscope.reporting.provenance import captured_on
from batchscope.reports.gemm.frame import ALL

TITLE = "gemm"
QUESTION = "What are 2:4 kernels worth on the model's own linear layers, outside any engine?"

NOTES = (
    "TFLOP/s are dense-equivalent: 2 x tokens x outputs x inputs over the time, whatever a kernel leaves "
    "out. A 2:4 kernel computes half of that; its peak is taken as twice the dense one, as data sheets have "
    "it.",
    "Times are of the products alone, by the device's own clock on GPUs. Not in them: quantizing "
    "activations, compressing or quantizing weights, and looking for cuSPARSELt's best algorithm. Kernels "
    "took turns, round by round; each takes enough copies of its weights in turn that none lies in the cache "
    "from before. Products are queued one behind the other, without CUDA graphs: one that is shorter than "
    "its launch (few tokens) is timed by the launch.",
    "Rates are geometric means; ratios are to the dense kernel of the same precision (dense fp8 and float32: "
    "to dense bfloat16) with 95 % intervals over rounds, in one process. They say nothing of an engine's "
    "speed: attention, norms, sampling and launching are in none of these products.",
    "Error: root mean square of the difference to float32 with the kernel's own weights, over that of the "
    "result. Activations and weights are normal random numbers. Weights of 2:4 kernels are the dense ones, "
    "pruned by magnitude.",
)


def gemm_page(models: Sequence[Mapping[str, Any]], frame: pd.DataFrame) -> Page:
    """The page of a `gemm_frame`."""
    ran = frame[frame["rounds"] > 0]
    return Page(
        title=TITLE,
        question=QUESTION,
        findings=_findings(ran) or ["No answer: no kernel ran."],
        context=list(dict.fromkeys(captured_on(each["environment"]) for each in models)),
        table=_table(ran),
        notes=[*NOTES, *_effects(models)],
        sections=[
            Section("Errors against float32", _errors(ran)),
            Section("What did not run, and why", _refused(frame)),
        ],
    )


def _findings(ran: pd.DataFrame) -> list[str]:
    """Of each 2:4 kernel: how it stands to the dense one, and where it wins."""
    lines = []
    for (model, kernel), rows in ran[ran["sparse"].astype(bool)].groupby(["model", "kernel"], sort=False):
        compared = rows[(rows["layer"] != ALL) & rows["ratio"].notna()]
        if compared.empty:
            continue
        least, most = show_ratio(compared["ratio"].min()), show_ratio(compared["ratio"].max())
        wins, losses = (compared["ratio_low"] > 1).sum(), (compared["ratio_high"] < 1).sum()
        lines.append(
            f"{model}, {kernel}: {least} to {most} the rate of {compared['base'].iloc[0]} over "
            f"{counted(len(compared), 'product')}; faster in {wins}, slower in {losses}.{_whole(rows)}"
        )
    return lines or _dense(ran)


def _whole(rows: pd.DataFrame) -> str:
    whole = rows[(rows["layer"] == ALL) & rows["ratio"].notna()].sort_values("tokens")
    if whole.empty:
        return ""
    told = [f"{show_ratio(row['ratio'])} at {row['tokens']:,} tokens" for _, row in whole.iterrows()]
    return f" A layer's products together: {', '.join(told)}."


def _dense(ran: pd.DataFrame) -> list[str]:
    """Where no 2:4 kernel ran: that, and the highest rate of the dense ones."""
    return [
        f"{model}: no 2:4 kernel ran here. {kernel}: up to {three_digits(rows['tflops'].max())} TFLOP/s."
        for (model, kernel), rows in ran.groupby(["model", "kernel"], sort=False)
    ]


def _table(ran: pd.DataFrame) -> Table:
    """One row a product; a group of columns for each kernel."""
    rows = []
    for _, kernels in ran.groupby(["model", "layer", "tokens"], sort=False):
        first = kernels.iloc[0]
        row: Row = {("", name): str(first[name]) for name in ("model", "layer")}
        row["", "tokens"] = show_count(first["tokens"])
        if first["layer"] != ALL:
            row["", "outputs x inputs"] = f"{first['outputs']:,} x {first['inputs']:,}"
        for _, kernel in kernels.iterrows():
            row |= _cells(kernel)
        rows.append(row)
    return Table.of_rows(rows)


def _cells(kernel: "pd.Series[Any]") -> Row:
    group = str(kernel["kernel"])
    cells: Row = {(group, "TFLOP/s"): three_digits(kernel["tflops"])}
    if pd.notna(kernel["share_of_peak"]):
        cells[group, "of peak"] = percent(kernel["share_of_peak"])
    if pd.notna(kernel["ratio"]):
        low, high = kernel["ratio_low"], kernel["ratio_high"]
        cells[group, f"x {kernel['base']}"] = f"{kernel['ratio']:.3f} ({low:.3f} to {high:.3f})"
    return cells


def _errors(ran: pd.DataFrame) -> Table:
    """The least and the largest error of each kernel."""
    products = ran[ran["layer"] != ALL]
    return Table.of_rows(
        [
            {
                ("", "model"): str(model),
                ("", "kernel"): str(kernel),
                ("error", "least"): f"{rows['error'].min():.2e}",
                ("error", "largest"): f"{rows['error'].max():.2e}",
                ("", "products"): show_count(len(rows)),
            }
            for (model, kernel), rows in products.groupby(["model", "kernel"], sort=False)
        ]
    )


def _refused(frame: pd.DataFrame) -> Table:
    """A row for each kernel and reason, with the products that it holds for."""
    refused = frame[frame["refused"].notna()]
    return Table.of_rows(
        [
            {
                ("", "model"): str(model),
                ("", "kernel"): str(kernel),
                ("", "products"): show_count(len(rows)),
                ("", "reason"): str(reason),
            }
            for (model, kernel, reason), rows in refused.groupby(["model", "kernel", "refused"], sort=False)
        ]
    )


def _effects(models: Sequence[Mapping[str, Any]]) -> list[str]:
    """What pruning itself does to the products, which is not an error of any kernel."""
    lines = []
    for each in models:
        told = ", ".join(f"{layer} {percent(share)}" for layer, share in each["pruning"].items())
        lines.append(
            f"{each['model']}: pruning itself changes the products of these random weights by {told}, told "
            "like an error. What it costs in accuracy is a question to real weights."
        )
    return lines
