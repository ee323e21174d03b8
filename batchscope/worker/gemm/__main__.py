"""Times matrix products: ``python -m batchscope.worker.gemm JOB.json``.

The job: ``shapes`` (``layer, outputs, inputs``), ``tokens``, ``device``, ``repeats``, ``sample_s``,
``graphs``, and ``answer``, the file to write: ``rows`` as `measure_product` has them, ``pruning`` by layer,
and ``environment``.
"""

import json
import sys
from pathlib import Path
from typing import Any

import torch

from batchscope.worker.gemm.products import effect_of_pruning, measure_product
from batchscope.worker.telemetry.environment import describe_environment


def main() -> None:
    """Measure every shape at every number of tokens, and write the answer."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = []
    with torch.inference_mode():
        for shape in job["shapes"]:
            for tokens in job["tokens"]:
                rows += measure_product(
                    shape, tokens, job["device"], job["repeats"], job["sample_s"], graphs=job["graphs"]
                )
                print(f"{shape['layer']}, {tokens:,} tokens: done", flush=True)
                if job["device"] == "cuda":
                    torch.cuda.empty_cache()
        pruning = {shape["layer"]: effect_of_pruning(shape, job["device"]) for shape in job["shapes"]}
    answer = {"rows": rows, "pruning": pruning, "environment": describe_environment(job["device"])}
    Path(job["answer"]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
