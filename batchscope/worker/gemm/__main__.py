"""Times matrix products: ``python -m batchscope.worker.gemm JOB.json``.

The job: ``shapes`` (``layer, outputs, inputs``), ``tokens``, ``device``, ``repeats``, ``sample_s``; ``done``,
how many products of a shape with a number of tokens to leave out at the start; ``without``, kernels that are
not to be tried, with the reason; and ``answer``, the file to write: ``products``, of each its rows as
`measure_product` has them, and either ``pruning`` by layer and ``environment``, or ``lost``, the ``kernel``
and the ``reason`` why this process could not go on.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from batchscope.worker.gemm.products import LostProcessError, effect_of_pruning, measure_product
from batchscope.worker.telemetry.environment import describe_environment


def main() -> None:
    """Measure every shape at every number of tokens, and write the answer."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    answer: dict[str, Any] = {"products": []}
    with torch.inference_mode():
        try:
            for rows in products_of(job):
                answer["products"].append(rows)
        except LostProcessError as lost:
            print(lost, flush=True)
            answer["lost"] = {"kernel": lost.kernel, "reason": lost.reason}
        else:
            pruning = {shape["layer"]: effect_of_pruning(shape, job["device"]) for shape in job["shapes"]}
            answer |= {"pruning": pruning, "environment": describe_environment(job["device"])}
    Path(job["answer"]).write_text(json.dumps(answer), encoding="utf-8")


def products_of(job: dict[str, Any]) -> Iterator[list[dict[str, Any]]]:
    """The rows of each product that is still to be measured."""
    products = [(shape, tokens) for shape in job["shapes"] for tokens in job["tokens"]]
    for shape, tokens in products[job["done"] :]:
        yield measure_product(
            shape, tokens, job["device"], job["repeats"], job["sample_s"], without=job["without"]
        )
        print(f"{shape['layer']}, {tokens:,} tokens: done", flush=True)
        if job["device"] == "cuda":
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
