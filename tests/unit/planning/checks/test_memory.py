"""Weights and KV cache against the device's memory; each remedy is followed."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from support.situations import engine, hermes, problem, situation

from batchscope.planning.checks import memory
from batchscope.planning.checks.gpu_facts import Gpu
from batchscope.planning.checks.memory import (
    cache_too_small,
    check,
    longest_context,
    sizes_of,
    too_large_for_gpu,
    too_large_for_host,
)
from batchscope.planning.problems import Problem, Unchecked

H100 = Gpu("0", "GPU-1", "NVIDIA H100 80GB HBM3", 85_520_809_984, 85_000_000_000)
GIB = 1 << 30


def numbers(text: str) -> list[int]:
    return [int(found) for found in re.findall(r"\b\d+\b", text)]


@pytest.mark.parametrize(("size", "block"), [(1 << 20, 32), (3_000_000, 32), (8_404_991, 32), (20_000, 64)])
def test_a_cache_that_holds_no_whole_context_is_told_with_the_values_that_fit(size: int, block: int) -> None:
    wanted = {"kv_cache_memory_bytes": size, "block_size": block}
    found = problem(list(check(situation(engine(**wanted)))))
    assert found.where == "engine.args.kv_cache_memory_bytes"
    larger, *shorter = numbers(found.remedy)
    assert not list(check(situation(engine(**wanted | {"kv_cache_memory_bytes": larger}))))
    assert list(check(situation(engine(**wanted | {"kv_cache_memory_bytes": larger - 1}))))
    for length in shorter:
        assert not list(check(situation(engine(**wanted, max_model_len=length))))
        assert list(check(situation(engine(**wanted, max_model_len=length + 1))))
    assert bool(shorter) == (size > 20_000), "where not one block is left, there is no such length"


def test_a_study_that_makes_the_cache_too_small_is_named() -> None:
    studies = {"mine": {"grid": {"n": [4], "engine.kv_cache_memory_bytes": [256 << 20, 1 << 20]}}}
    assert (
        problem(list(check(situation({"studies": studies})))).where
        == "studies.mine: engine.kv_cache_memory_bytes"
    )


def test_the_shipped_demo_fits() -> None:
    assert not list(check(situation({})))


def test_what_is_not_known_is_no_problem(tmp_path: Path) -> None:
    overlay = hermes(tmp_path / "model", quantization_config={"quant_method": "gptq"})
    (use,) = situation(overlay).engines
    assert sizes_of(use) is None
    assert sizes_of(replace(use, model=replace(use.model, config={"model_type": "mixtral"}))) is None
    plain = {key: value for key, value in use.model.config.items() if key != "quantization_config"}
    for head_dim, known in ((128, True), (None, True), (0, False), ("128", False)):
        other = replace(use.model, config=plain | {"head_dim": head_dim})
        assert (sizes_of(replace(use, model=other)) is not None) == known, head_dim


def test_weights_that_a_gpu_does_not_hold_are_spread_over_as_many_as_hold_them(tmp_path: Path) -> None:
    overlay = hermes(tmp_path / "model")
    (use,) = situation(overlay).engines
    sizes = sizes_of(use)
    assert sizes
    small = replace(H100, name="a GPU of 16 GB", total=16 * GIB)
    (found,) = too_large_for_gpu(use, sizes, small)
    assert isinstance(found, Problem)
    (gpus,) = numbers(found.remedy.partition(",")[0])
    overlay["engine"]["args"]["tensor_parallel_size"] = gpus
    (spread,) = situation(overlay).engines
    again = sizes_of(spread)
    assert again
    assert not [each for each in too_large_for_gpu(spread, again, small) if isinstance(each, Problem)]


def test_a_context_that_a_gpu_does_not_hold_is_shortened_to_one_that_it_does(tmp_path: Path) -> None:
    overlay = hermes(tmp_path / "model")
    (use,) = situation(overlay).engines
    sizes = sizes_of(use)
    assert sizes
    card = replace(H100, name="a GPU of 24 GB", total=24 * GIB)
    (found,) = too_large_for_gpu(use, sizes, card)
    assert isinstance(found, Problem)
    assert found.remedy.startswith("set engine.args.max_model_len to less than")
    overlay["engine"]["args"]["max_model_len"] = numbers(found.remedy)[0] - 1
    (shorter,) = situation(overlay).engines
    again = sizes_of(shorter)
    assert again
    # the rest is an estimate, and told as one
    assert all(isinstance(each, Unchecked) for each in too_large_for_gpu(shorter, again, card))
    assert not list(too_large_for_gpu(use, sizes, H100))
    assert not list(too_large_for_gpu(use, sizes, replace(card, total=None))), (
        "MIG, or a driver that does not tell"
    )


def test_a_host_holds_weights_and_cache(tmp_path: Path) -> None:
    (use,) = situation(engine(kv_cache_memory_bytes=20 * GIB)).engines
    sizes = sizes_of(use)
    assert sizes
    (found,) = too_large_for_host(use, sizes, 16 * GIB)
    assert found.where == "engine.args.kv_cache_memory_bytes"
    (room,) = numbers(found.remedy)
    (use,) = situation(engine(kv_cache_memory_bytes=room - 1)).engines
    assert not list(too_large_for_host(use, sizes, 16 * GIB))


def test_how_long_a_context_may_become_is_what_memory_holds(tmp_path: Path) -> None:
    """Asked of the same check: one token more is refused."""
    for overlay, gpus, key in (
        (engine(kv_cache_memory_bytes=4 << 20, max_model_len=100), [], "kv_cache_memory_bytes"),
        ({**hermes(tmp_path), "gpus": 1}, [replace(H100, total=24 * GIB)], "max_model_len"),
    ):
        (use,) = situation(overlay).engines
        tokens = longest_context(use, gpus)
        assert tokens
        for more, expected in ((0, 0), (1, 1)):
            sizes = sizes_of(use)
            assert sizes
            sizes = replace(sizes, context=tokens + more)
            of_gpus = [each for gpu in gpus for each in too_large_for_gpu(use, sizes, gpu)]
            found = [*cache_too_small(use, sizes), *of_gpus]
            assert sum(isinstance(each, Problem) for each in found) == expected, key
    (unknown,) = situation({**hermes(tmp_path), "gpus": 1}).engines
    assert longest_context(unknown, []) is None


def test_a_cache_that_is_asked_for_may_take_more_than_vllm_s_share(tmp_path: Path) -> None:
    """vLLM looks at no share then, only at what the GPU has."""
    overlay = hermes(tmp_path / "model")
    for cache, expected in ((60 * 10**9, False), (69 * 10**9, False), (70 * 10**9, True)):
        overlay["engine"]["args"]["kv_cache_memory_bytes"] = cache
        (use,) = situation(overlay).engines
        sizes = sizes_of(use)
        assert sizes
        found = list(too_large_for_gpu(use, sizes, H100))
        assert bool(found) == expected, cache
    lower = numbers(problem(found).remedy)[0]
    overlay["engine"]["args"]["kv_cache_memory_bytes"] = lower - 1
    (use,) = situation(overlay).engines
    assert not list(too_large_for_gpu(use, sizes, H100))


def test_weights_that_lie_elsewhere_are_not_counted(tmp_path: Path) -> None:
    for extra in ({"cpu_offload_gb": 8}, {"pipeline_parallel_size": 2}, {"data_parallel_size": 2}):
        overlay = hermes(tmp_path / "model")
        overlay["engine"]["args"]["extra"] = extra
        (use,) = situation(overlay).engines
        assert sizes_of(use) is None, extra


def test_of_unlike_gpus_those_count_that_a_run_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small = replace(H100, index="1", name="a GPU of 8 GB", total=8 * GIB)
    overlay = hermes(tmp_path / "model")
    for gpus, tensor_parallel, expected in (
        ([H100, small], 1, 0),
        ([small, H100], 1, 1),
        ([H100, small], 2, 1),
    ):
        overlay["engine"]["args"]["tensor_parallel_size"] = tensor_parallel
        monkeypatch.setattr(memory, "visible_gpus", lambda gpus=gpus: gpus)
        found = [each for each in check(situation(overlay)) if isinstance(each, Problem)]
        assert len(found) == expected, (gpus, tensor_parallel)
