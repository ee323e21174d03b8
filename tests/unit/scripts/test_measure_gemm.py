"""A kernel that breaks its process costs its own rows alone."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from batchscope.common.errors import UserError
from batchscope.config.gemm import Gemm
from scripts import measure_gemm

SHAPES = [{"layer": "qkv", "outputs": 6, "inputs": 4}, {"layer": "down", "outputs": 4, "inputs": 14}]
ASKED = Gemm(tokens=[512, 1024])
REASON = "CUDA error: an illegal memory access was encountered"
TURNS = [(shape["layer"], tokens) for shape in SHAPES for tokens in ASKED.tokens]


def breaks(at: tuple[str, int]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Answers of a worker to whom "sparse" does this at one product, unless it is left out."""

    def answer(job: dict[str, Any]) -> dict[str, Any]:
        products = []
        for layer, tokens in TURNS[job["done"] :]:
            if (layer, tokens) == at and "sparse" not in job["without"]:
                return {"products": products, "lost": {"kernel": "sparse", "reason": REASON}}
            kernels = {"dense": None, "sparse": job["without"].get("sparse")}
            products.append(
                [
                    {"layer": layer, "tokens": tokens, "kernel": kernel, "refused": why}
                    for kernel, why in kernels.items()
                ]
            )
        return {"products": products, "pruning": {"qkv": 0.36}, "environment": {"device": "cuda"}}

    return answer


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    def multiplied(answer: Callable[[dict[str, Any]], dict[str, Any]], status: int = 0) -> dict[str, Any]:
        def process(command: list[str], *_: object) -> int:
            job = json.loads(Path(command[-1]).read_text())
            if found := answer(job):
                Path(job["answer"]).write_text(json.dumps(found))
            return status

        monkeypatch.setattr(measure_gemm, "run_supervised", process)
        return measure_gemm.multiplied("python", "cpu", [], ASKED, SHAPES, tmp_path / "log")

    return multiplied


@pytest.mark.parametrize("at", TURNS)
def test_all_other_rows_are_kept(run: Callable[..., dict[str, Any]], at: tuple[str, int]) -> None:
    rows = run(breaks(at))["rows"]
    assert [(row["layer"], row["tokens"]) for row in rows if row["kernel"] == "dense"] == TURNS
    assert not any(row["refused"] for row in rows if row["kernel"] == "dense")
    sparse = [row["refused"] for row in rows if row["kernel"] == "sparse"]
    why = f"left out from {at[0]}, {at[1]:,} tokens on, where it broke its process: {REASON}"
    before = TURNS.index(at)
    assert sparse == [None] * before + [why] * (len(TURNS) - before)


def test_a_process_that_answers_nothing_is_an_error(run: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(UserError, match="multiplying ended with status 139"):
        run(lambda _: {}, status=139)


def test_an_answer_of_a_process_that_failed_later_does_not_count(run: Callable[..., dict[str, Any]]) -> None:
    with pytest.raises(UserError, match="multiplying ended with status 1"):
        run(breaks(("none", 0)), status=1)


def test_products_that_take_too_long_end_with_the_key_that_allows_more(tmp_path: Path) -> None:
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o755)
    with (tmp_path / "log").open("wb") as log, pytest.raises(UserError, match=r"raise gemm\.timeout_s"):
        measure_gemm._answer(str(slow), {}, tmp_path, log, {}, 0.1)
