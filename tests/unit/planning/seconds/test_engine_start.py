"""Engine starts that were not seen here: which are alike, how long they take, and what the first compiles."""

import json
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest
from support.project import ROOT

from batchscope.config.configuration import Config, load_config
from batchscope.planning.seconds.engine_start import (
    ANY,
    COMPILING_S,
    CPU_START_S,
    EAGER,
    FP8,
    FP8_PER_BLOCK,
    GRAPHS,
    SERVER_S,
    START_S,
    compiles,
    guessed_start,
    kind_of_start,
)
from batchscope.planning.sweep_plan import PlannedRun, plan_runs


def started() -> Iterator[tuple[str, str, float]]:
    """Folder, kind and seconds of each start that the references on H200s have, with vLLM 0.26.0."""
    for folder in sorted((ROOT / "docs" / "reference").glob("h200*")):
        starts = {}
        for path in folder.glob("runs/*/*/measurement.json"):
            measured = json.loads(path.read_text())
            engine, args = measured.get("engine") or {}, measured["spec"]["engine"]["args"]
            if engine.get("start_id") and measured["spec"]["engine"]["environment"] == "cuda":
                starts[engine["start_id"]] = (kind_of_start("cuda", args), engine["start_s"])
        yield from ((folder.name, kind, seconds) for kind, seconds in starts.values())


@pytest.mark.parametrize("kind", [EAGER, GRAPHS, FP8])
def test_seconds_are_about_those_of_the_references(kind: str) -> None:
    seconds = [each for _, found, each in started() if found == kind]
    assert len(seconds) >= 4
    assert 0.6 < median(seconds) / START_S[kind] < 1.6


def test_the_first_with_scales_per_block_takes_what_both_such_starts_took() -> None:
    assert [each for _, kind, each in started() if kind == FP8_PER_BLOCK] == pytest.approx(
        [COMPILING_S[FP8_PER_BLOCK]] * 2, rel=0.02
    )


@pytest.mark.parametrize(
    ("device", "args", "kind"),
    [
        ("cuda", {}, GRAPHS),
        ("cuda", {"quantization": None}, GRAPHS),
        ("cuda", {"quantization": "awq"}, GRAPHS),
        ("cuda", {"enforce_eager": True}, EAGER),
        ("cuda", {"quantization": "fp8"}, FP8),
        ("cuda", {"quantization": "fp8_per_channel", "kv_cache_dtype": "fp8"}, FP8),
        ("cuda", {"quantization": "fp8_per_block", "enforce_eager": True}, FP8_PER_BLOCK),
        ("cpu", {"enforce_eager": True}, "cpu"),
    ],
)
def test_which_starts_are_alike(device: str, args: dict[str, object], kind: str) -> None:
    assert kind_of_start(device, args) == kind


def test_on_cpu_it_goes_with_the_processor_and_a_server_takes_longer() -> None:
    assert guessed_start("cpu", {}, serves=False, speed=1.0) == CPU_START_S
    assert guessed_start("cpu", {}, serves=True, speed=0.5) == 2 * (CPU_START_S + SERVER_S)


def test_a_larger_model_takes_longer_in_every_kind() -> None:
    seen = {GRAPHS: 4 * START_S[GRAPHS], FP8: 6 * START_S[FP8]}
    assert guessed_start(EAGER, {}, serves=False, speed=1.0) == START_S[EAGER]
    assert guessed_start(EAGER, seen, serves=False, speed=1.0) == 5 * START_S[EAGER]
    compiled = {FP8_PER_BLOCK: COMPILING_S[FP8_PER_BLOCK]}
    assert guessed_start(EAGER, compiled, serves=False, speed=1.0) == START_S[EAGER], "it compiled"


@pytest.mark.parametrize(
    ("kind", "known", "what"),
    [
        (GRAPHS, [], (ANY,)),
        (GRAPHS, [EAGER], ()),
        (FP8_PER_BLOCK, [], (ANY, FP8_PER_BLOCK)),
        (FP8_PER_BLOCK, [GRAPHS], (FP8_PER_BLOCK,)),
        (FP8_PER_BLOCK, [FP8_PER_BLOCK], ()),
        ("cpu", [], ()),
    ],
)
def test_what_a_start_may_compile(kind: str, known: list[str], what: tuple[str, ...]) -> None:
    assert compiles(kind, known) == what


def precisions() -> Config:
    """Seven engine configurations on a GPU: a study of precisions, and one in eager mode."""
    grid = {
        "engine.quantization": [None, "fp8_per_tensor", "fp8_per_block"],
        "engine.kv_cache_dtype": [None, "fp8"],
    }
    separate = {"layout": "separate", "n": 1}
    studies = {
        "mine": {"set": separate, "grid": grid},
        "other": {"set": separate | {"engine.enforce_eager": True}, "grid": {"n": [1]}},
    }
    engine = {"environment": "cuda", "args": {"enforce_eager": None}}
    return load_config({"engine": engine, "gpus": 1, "studies": studies})


def of_engines(planned: list[PlannedRun]) -> list[float]:
    """Seconds of each engine's start, of the two studies, in the order of the runs."""
    mine = (run for run in planned if run.run.startswith(("mine/", "other/")))
    return list({run.engine: run.start_s for run in mine}.values())


def test_the_first_of_all_and_the_first_of_a_kind_take_longer(tmp_path: Path) -> None:
    config = precisions()
    stale = {run.run: "not measured yet" for run in plan_runs(config, tmp_path, {})}
    fp8, first, compiled = START_S[FP8], COMPILING_S[ANY], COMPILING_S[FP8_PER_BLOCK]
    expected = [first, START_S[GRAPHS], fp8, fp8, compiled, START_S[FP8_PER_BLOCK], START_S[EAGER]]
    assert of_engines(plan_runs(config, tmp_path, stale)) == expected
    fewer = {run: why for run, why in stale.items() if "fp8" in run}
    assert of_engines(plan_runs(config, tmp_path, fewer))[:2] == [START_S[GRAPHS], first]
