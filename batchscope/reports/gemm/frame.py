"""Matrix products as a frame: rates, shares of the peak, ratios to the dense kernel of the same precision."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from batchscope.common.errors import UserError
from batchscope.cost.gpu_peaks import TERA, device_named
from batchscope.statistics.intervals import Interval, interval, paired_ratio, sample

ALL = "all four"
"""Stands for the products of one layer, one after the other."""

BASES = {"fp8": "dense bfloat16", "float32": "dense bfloat16"}
"""What a dense kernel is held against, by its precision; a 2:4 kernel: the dense one of its precision."""

SPARSE_PEAK = 2
"""Data sheets give 2:4 operands twice the dense peak."""


def load_products(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """What was measured of each model.

    Raises:
        UserError: a file is missing or damaged.
    """
    found = []
    for path in paths:
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise UserError(f"{path}: {error}; delete it and rerun, which measures it again") from None
    return found


def gemm_frame(models: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row a model, layer, number of tokens and kernel.

    Columns: ``model, layer, outputs, inputs, tokens, kernel, precision, sparse, refused, rounds``; ``tflops``
    (dense-equivalent: zeros count as multiplied) with ``tflops_low`` and ``tflops_high``; ``share_of_peak``;
    ``base``, and ``ratio`` of rates to it with ``ratio_low`` and ``ratio_high``; ``error``, ``notes``. The
    layer `ALL` adds up the others, round by round. Rates are geometric means with 95 % intervals; ratios are
    of kernels that took turns.
    """
    return pd.DataFrame([row for each in models for row in _rows_of(each)])


def _rows_of(model: Mapping[str, Any]) -> list[dict[str, Any]]:
    measured = [*model["rows"], *_whole_layers(model["rows"])]
    by_place = {(row["layer"], row["tokens"], row["kernel"]): row for row in measured}
    gpu = (model["environment"].get("gpu") or {}).get("name")
    return [
        {
            "model": model["model"],
            **{key: row[key] for key in ("layer", "outputs", "inputs", "tokens", "kernel", "precision")},
            "sparse": row["sparse"],
            "refused": row["refused"],
            "rounds": len(row["seconds"]),
            **_rates(row, gpu),
            **_against(row, by_place),
            "error": row["error"],
            "notes": json.dumps(row["notes"]) if row["notes"] else "",
        }
        for row in measured
    ]


def _whole_layers(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """All products of a layer together, for kernels that ran each of them."""
    layers = list(dict.fromkeys(row["layer"] for row in rows))
    groups: dict[tuple[int, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["tokens"], row["kernel"]), []).append(row)
    return [
        {
            **first,
            "layer": ALL,
            # so that outputs x inputs is the number of weights
            "outputs": sum(row["outputs"] * row["inputs"] for row in parts),
            "inputs": 1,
            "seconds": [sum(times) for times in zip(*(row["seconds"] for row in parts), strict=True)],
            "error": None,
            "notes": {},
        }
        for parts in groups.values()
        if len(parts) == len(layers) > 1 and all(row["seconds"] for row in parts)
        for first in parts[:1]
    ]


def _rates(row: Mapping[str, Any], gpu: str | None) -> dict[str, float | None]:
    work = 2 * row["tokens"] * row["outputs"] * row["inputs"]
    found = sample([work / seconds / TERA for seconds in row["seconds"]])
    if found is None:
        return dict.fromkeys(("tflops", "tflops_low", "tflops_high", "share_of_peak"))
    rate, peak = interval(found), _peak(row, gpu)
    return {**_parts("tflops", rate), "share_of_peak": rate.middle * TERA / peak if peak else None}


def _peak(row: Mapping[str, Any], gpu: str | None) -> float | None:
    device = device_named(gpu) if gpu else None
    if device is None or row["precision"] == "float32":
        return None
    dense = device.fp8 if row["precision"] == "fp8" else device.bits16
    return dense * (SPARSE_PEAK if row["sparse"] else 1) if dense else None


def base_of(kernel: Mapping[str, Any]) -> str | None:
    """The kernel that another is held against; None for the one that all begin with."""
    if kernel["sparse"]:
        return f"dense {kernel['precision']}"
    return BASES.get(kernel["precision"])


def _against(row: Mapping[str, Any], rows: Mapping[tuple[Any, ...], Mapping[str, Any]]) -> dict[str, Any]:
    name = base_of(row)
    base = rows.get((row["layer"], row["tokens"], name)) if name else None
    if not base or not base["seconds"] or len(base["seconds"]) != len(row["seconds"]):
        return {"base": name, **dict.fromkeys(("ratio", "ratio_low", "ratio_high"))}
    # of rates: the base's seconds over ours
    return {"base": name, **_parts("ratio", paired_ratio(base["seconds"], row["seconds"]))}


def _parts(name: str, found: Interval) -> dict[str, float]:
    return {name: found.middle, f"{name}_low": found.low, f"{name}_high": found.high}
