"""Seconds of passes where nothing alike was measured, held against runs on a GPU that were."""

import json
from pathlib import Path
from statistics import median

import pytest
from support.project import ROOT
from support.situations import engine, hermes, situation

from batchscope.config.reading.older_names import workload_today
from batchscope.planning.checks.situation import Situation
from batchscope.planning.seconds.first_guess import HTTP_S, first_guess
from batchscope.planning.seconds.machine_speed import Machine

H100 = "NVIDIA H100 80GB HBM3"


def guess(wanted: Situation, tokens: int, machine: Machine = Machine()):  # noqa: B008, frozen
    (use,) = wanted.engines
    (run,) = use.runs
    prompts = -(-run.workload.total_texts // run.prompts.n) * run.workload.duplicates
    return first_guess(use, run, prompts, tokens, machine)


@pytest.mark.parametrize("run", ["packed-n4", "packed-n20", "packed-n40", "separate-n1"])
def test_a_gpu_with_known_figures_takes_what_it_took(tmp_path: Path, run: str) -> None:
    measured = json.loads(
        (ROOT / "docs/reference/h100/runs/saturation" / run / "measurement.json").read_text()
    )
    workload = workload_today(measured["spec"]["workload"])
    load = {key: workload[key] for key in ("layout", "n", "texts")}
    overlay = hermes(tmp_path / "model") | {"studies": {"mine": {"set": load, "grid": {"n": [load["n"]]}}}}
    first = measured["repeats"][0]
    found = guess(situation(overlay), first["prompt_tokens"], Machine(gpu=H100))
    assert found
    took = median(each["seconds"] for each in measured["repeats"])
    assert found.pass_s == pytest.approx(took, rel=0.25)


def test_of_an_unknown_gpu_or_shape_nothing_is_said(tmp_path: Path) -> None:
    overlay = hermes(tmp_path / "model")
    assert guess(situation(overlay), 1200, Machine(gpu="Some GPU")) is None
    unknown = hermes(tmp_path / "other", sliding_window=4096)
    assert guess(situation(unknown), 1200, Machine(gpu=H100)) is None


def test_long_prompts_take_longer_on_cpu_than_as_many_tokens_in_short_ones() -> None:
    def of(**load):
        found = guess(situation({"studies": {"mine": {"set": load, "grid": {"n": [load["n"]]}}}}), 48_000)
        assert found
        return found.pass_s

    assert of(layout="packed", n=40, texts=160) > 4 * of(layout="packed", n=4, texts=160)


def test_a_slow_machine_takes_longer_and_so_does_a_server() -> None:
    fast, slow = (guess(situation({}), 1200, Machine(speed)) for speed in (1.0, 0.5))
    assert fast
    assert slow
    assert slow.pass_s == pytest.approx(2 * fast.pass_s)
    (use,) = situation(engine()).engines
    serving = {"serving": {"studies": {"mine": {"grid": {"n": [4]}}}}}
    server = next(each for each in situation(serving).engines if each.serves)
    served, plain = (first_guess(each, each.runs[0], 1, 1200, Machine()) for each in (server, use))
    assert served
    assert plain
    assert served.pass_s - plain.pass_s == pytest.approx(HTTP_S)


def test_one_request_after_the_other_takes_longer_than_all_at_once() -> None:
    def of(most: int) -> float:
        load = {
            "set": {"layout": "separate", "n": 1, "texts": 64},
            "grid": {"load.max_concurrency": [most]},
        }
        wanted = situation({"serving": {"studies": {"mine": load}}})
        server = next(each for each in wanted.engines if each.serves)
        found = first_guess(server, server.runs[0], 64, 19_200, Machine())
        assert found
        return found.pass_s

    assert of(1) > of(64)
