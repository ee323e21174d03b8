"""Time the matrix products of one model's linear layers, dense and 2:4, outside any engine."""

import argparse
import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from batchscope.common.atomic_files import read_json, replacing, write_text
from batchscope.common.errors import UserError, run_script
from batchscope.common.visible_gpus import Visible
from batchscope.config.engine import Environment
from batchscope.config.gemm import Gemm
from batchscope.cost.flops import architecture_from
from batchscope.cost.linear_shapes import linear_layers
from batchscope.inputs.context import text_config
from batchscope.jobs.device_lock import device_lock
from batchscope.jobs.engine_pool import EnginePool
from batchscope.jobs.engine_variables import engine_variables
from batchscope.jobs.environments import ROOT, require, variables_for
from batchscope.jobs.state_folder import state_folder
from batchscope.jobs.supervise import TimedOutError, run_supervised


def main() -> None:
    """Hold the device, let the environment's Python multiply, write the two files of results."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gemm", required=True, help="JSON: the block 'gemm'")
    parser.add_argument("--model", type=Path, required=True, help="the model's folder, with config.json")
    parser.add_argument("--environments", required=True, help="JSON: engine environment to its Python")
    parser.add_argument("--environment", required=True, help="the one whose Python multiplies")
    parser.add_argument("--device", choices=("cpu", "cuda"), required=True)
    parser.add_argument("--out", type=Path, required=True, help="gemm.json; gemm.parquet lies beside it")
    parser.add_argument("--log", type=Path, required=True, help="what the other Python says")
    args = parser.parse_args()
    asked = Gemm.model_validate(json.loads(args.gemm))
    python = json.loads(args.environments)[args.environment]
    require(args.environment, Environment(python=python, device=args.device))

    shapes = shapes_of(args.model)
    EnginePool(state_folder()).make_room(args.device, int(args.device == "cuda"))
    with device_lock(args.device, 1) as gpus:
        answer = multiplied(python, args.device, gpus, asked, shapes, args.log)
    write(args.out, answer, args.model.name, args.device)
    ran = {row["kernel"] for row in answer["rows"] if row["seconds"]}
    refused = {row["kernel"] for row in answer["rows"]} - ran
    print(f"{args.model.name}: {len(ran)} kernels ran, {len(refused)} did not; {args.out}")


def shapes_of(model: Path) -> list[dict[str, Any]]:
    """The model's linear layers.

    Raises:
        UserError: its shape is not known.
    """
    shape = architecture_from(text_config(model))
    if shape is None:
        raise UserError(
            f"gemm.models: {model.name} is no Llama-like dense decoder, so its linear layers are not known; "
            "name another model"
        )
    layers = linear_layers(shape)
    return [{"layer": each.name, "outputs": each.outputs, "inputs": each.inputs} for each in layers]


def multiplied(
    python: str, device: str, gpus: list[Visible], asked: Gemm, shapes: list[dict[str, Any]], log: Path
) -> dict[str, Any]:
    """What the environment's Python measured.

    A kernel that spoilt its process (an illegal memory access, say) is left out from there on, and another
    process measures that product and all that follow.

    Raises:
        UserError: it failed, or took too long.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    variables = engine_variables(variables_for(device, python), str(ROOT), gpus, {})
    products: list[list[dict[str, Any]]] = []
    without: dict[str, str] = {}
    ends_at = time.monotonic() + asked.timeout_s
    with log.open("wb") as file, tempfile.TemporaryDirectory(prefix="batchscope-") as scratch:
        while True:
            settings = asked.model_dump(include={"tokens", "repeats", "sample_s"})
            job = {**settings, "shapes": shapes, "device": device, "done": len(products), "without": without}
            left = max(1.0, ends_at - time.monotonic())
            found = _answer(python, job, Path(scratch), file, variables, left)
            products += found["products"]
            if (lost := found.get("lost")) is None:
                rows = [row for each in products for row in each]
                return {"rows": rows, "pruning": found["pruning"], "environment": found["environment"]}
            without[lost["kernel"]] = _left_out(lost["reason"], len(products), shapes, asked.tokens)


def _left_out(reason: str, number: int, shapes: list[dict[str, Any]], tokens: list[int]) -> str:
    layer, rows = shapes[number // len(tokens)]["layer"], tokens[number % len(tokens)]
    return f"left out from {layer}, {rows:,} tokens on, where it broke its process: {reason}"


def _answer(
    python: str,
    job: Mapping[str, Any],
    scratch: Path,
    log: IO[bytes],
    variables: Mapping[str, str],
    timeout_s: float,
) -> dict[str, Any]:
    path, answer = scratch / "job.json", scratch / "answer.json"
    answer.unlink(missing_ok=True)
    path.write_text(json.dumps({**job, "answer": str(answer)}), encoding="utf-8")
    try:
        status = run_supervised(
            [python, "-m", "batchscope.worker.gemm", str(path)], log, variables, timeout_s
        )
    except TimedOutError as late:
        raise UserError(f"gemm: {late}; raise gemm.timeout_s, or ask for fewer tokens") from None
    found = read_json(answer)
    # a process whose GPU is lost may end with any status, once it has answered
    if not found or (status and "lost" not in found):
        raise UserError(f"gemm: multiplying ended with status {status}\n  See the log: {log.name}")
    return found


def write(out: Path, answer: dict[str, Any], model: str, device: str) -> None:
    """Write gemm.json, and its rows as gemm.parquet with one row a kernel, shape and round."""
    write_text(out, json.dumps({"model": model, "device": device, **answer}, indent=1) + "\n")
    keys = ("layer", "outputs", "inputs", "tokens", "kernel", "precision", "sparse", "calls", "error")
    rows = [
        {**{key: row[key] for key in keys}, "round": number, "seconds": seconds}
        for row in answer["rows"]
        for number, seconds in enumerate(row["seconds"])
    ]
    with replacing(out.with_suffix(".parquet")) as temporary:
        pq.write_table(pa.Table.from_pylist(rows), temporary, compression="zstd")


if __name__ == "__main__":
    run_script(main)
