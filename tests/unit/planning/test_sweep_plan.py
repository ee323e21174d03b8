"""The plan of a sweep: seconds from measured rates, reasons in plain words."""

import json
from pathlib import Path

import pytest
from support.studies import study

from batchscope.config.configuration import load_config
from batchscope.planning.described_plan import describe_plan
from batchscope.planning.seconds.first_guess import HTTP_S
from batchscope.planning.sweep_plan import plain_reason, plan_runs, rates_from


def test_predictions_follow_from_measured_rates(tmp_path) -> None:
    others = ("packing", "instruction", "batched_tokens", "decoding")
    reuse = {"set": {"n": 40, "duplicates": 10}, "grid": {"reuse": ["none", "full"]}}
    saturation = {
        "set": {"layout": "packed", "texts": 400},
        "grid": {"n": [40, 4]},
        "include": [{"layout": "separate", "n": 1}],
    }
    studies = {**dict.fromkeys(others), "saturation": saturation, "reuse": reuse}
    config = load_config({"studies": studies})
    measured = {
        "study": "saturation",
        "run": "packed-n4",
        "spec": {
            "engine": {"environment": "cpu", "model": "demo"},
            "workload": {"layout": "packed"},
        },
        "engine": {"start_s": 10.0},
        "repeats": [{"prompt_tokens": 1000, "seconds": s} for s in (1.0, 2.0, 4.0)],
    }
    rates = rates_from([measured, None], {"cpu": "cpu"})
    assert rates.by_run == {"saturation/packed-n4": 500.0}
    folder = tmp_path / "runs" / "saturation" / "packed-n4"
    folder.mkdir(parents=True)
    (folder / "measurement.json").write_text(json.dumps(measured))
    plan = {run.run: run for run in plan_runs(config, tmp_path, {"saturation/packed-n4": "why"})}
    # 400 texts of about 300 tokens, 16,384 of warm-up and 3 repeats, 500 tokens a second
    assert plan["saturation/packed-n4"].seconds == pytest.approx((16384 + 3 * 120_000) / 500)
    assert plan["saturation/packed-n4"].start_s == 10
    # of separate prompts nothing is known, so the processor's constants tell
    guessed = plan["saturation/separate-n1"]
    assert 0 < guessed.least_s < guessed.seconds == guessed.most_s
    assert not guessed.measured_basis
    # the other packed runs are taken to be as fast; copies that the prefix cache serves take no time
    assert plan["reuse/packed-n40-reuse-none"].seconds == pytest.approx((16384 + 3 * 120_000) / 500)
    assert plan["reuse/packed-n40-reuse-full"].seconds == pytest.approx((12_000 + 3 * 12_000) / 500)
    assert plan["reuse/packed-n40-reuse-none"].measured_basis
    assert not plan["serving/layouts/packed-n40"].measured_basis, "no load has been measured"
    # the start, the run, and 2 seconds for its job
    text = describe_plan(list(plan.values()), {})
    assert "1 of 16 runs to measure: about 12.7 minutes, one job after the other (10.8 to 15.9):" in text


def test_a_load_takes_what_it_took_else_its_times_of_arrival_or_the_engine_s_work(tmp_path) -> None:
    load = {"set": {"layout": "separate", "n": 1, "texts": 200}}
    slow, many = {"load.request_rate": 10}, {"load.max_concurrency": 8, "load.requests": 4000}
    studies = {
        "layouts": None,
        "closed_loop": None,
        "open_loop": {**load, "include": [slow, many], "grid": {}},
    }
    config = load_config({"serving": {"studies": studies}})
    folder = tmp_path / "serving" / "open_loop" / "separate-n1-c8-req4000"

    def planned() -> dict:
        return {run.run: run for run in plan_runs(config, tmp_path, {}) if run.run.startswith("serving/")}

    slow, many = (
        planned()["serving/open_loop/separate-n1-rate10"],
        planned()[f"serving/open_loop/{folder.name}"],
    )
    assert (slow.prompts, slow.prompt_tokens) == (200, 60_000)
    assert slow.seconds == pytest.approx(20, abs=0.5), "warm-up, then the times of arrival"
    assert (many.prompts, many.prompt_tokens) == (4000, 1_200_000)
    assert many.seconds > 4000 * HTTP_S
    assert slow.engine == many.engine
    assert slow.engine.startswith("server-demo-cpu-")
    folder.mkdir(parents=True)
    one = {"seconds": 7.0, "prompt_tokens": 1_200_000}
    measured = {
        "study": "open_loop", "run": folder.name, "repeats": [one], "warmup": [{"seconds": 0.5}],
        "engine": {"start_s": 21.0}, "spec": {"engine": {"environment": "cpu", "model": "demo"},
                                               "workload": {"layout": "separate"}},
    }  # fmt: skip
    (folder / "measurement.json").write_text(json.dumps(measured))
    many = planned()[f"serving/open_loop/{folder.name}"]
    assert (many.seconds, many.start_s, many.measured_basis) == (7.5, 21.0, True)


def test_unknown_reasons_are_passed_on_in_short() -> None:
    assert plain_reason("Missing output files: a, b") == "not measured yet"
    changed = "Params have changed since last execution: Union of exclusive params before and now across all output: "
    assert plain_reason(f"{changed}before: 'code 0a1b' now: 'code 2c3d' ") == "the measuring code changed"
    assert (
        plain_reason(f"{changed}before: <nothing exclusive> now: 'code 2c3d' ")
        == "the measuring code changed"
    )
    assert plain_reason(f"{changed}before: 'code 0','{{}}' now: 'code 1','{{1}}' ").startswith(
        "its configuration"
    )
    assert plain_reason("Something   new " + "x" * 200).startswith("Something new xxx")
    assert len(plain_reason("y" * 200)) == 80


def test_axes_with_vllm_s_own_names_are_planned_with_an_engine_start_each(tmp_path: Path) -> None:
    grid = {
        "engine.extra.enable_chunked_prefill": [True, False],
        "engine.variables.VLLM_X": [None, True],
        "layout": ["packed", "separate"],
    }
    config = study(grid=grid)
    stale = {f"mine/{layout}-n4-chunked_prefill-True-X-1": "new" for layout in ("packed", "separate")}
    planned = [run for run in plan_runs(config, tmp_path, stale) if run.run.startswith("mine/")]
    assert len({run.engine for run in planned}) == 4
    assert [run.run for run in planned if run.stale] == list(stale)
    lines = describe_plan(planned, {}).splitlines()
    assert sum("-X-default" in line for line in lines) == 4
    assert any(line.startswith("2 of 8 runs to measure") for line in lines)
    assert any("for 1 engine start(s)" in line for line in lines)


def test_each_engine_start_is_planned_with_an_engine_and_as_long_as_the_first(tmp_path: Path) -> None:
    config = study(grid={"n": [4, 8]}, set={"measure.starts": 3})
    folder = tmp_path / "runs" / "mine" / "packed-n4"
    folder.mkdir(parents=True)
    measured = {
        "study": "mine",
        "run": "packed-n4",
        "spec": {"engine": {"environment": "cpu", "model": "demo"}, "workload": {"layout": "packed"}},
        "engine": {"start_s": 10.0},
        "repeats": [{"prompt_tokens": 1000, "seconds": 2.0}] * 3,
    }
    (folder / "measurement.json").write_text(json.dumps(measured))
    names = [f"mine/packed-n{n}{start}" for start in ("", ".start2", ".start3") for n in (4, 8)]
    planned = plan_runs(config, tmp_path, dict.fromkeys(names[1:], "why"))[: len(names)]
    assert [run.run for run in planned] == names
    assert len({run.engine for run in planned}) == 3
    assert planned[0].seconds == planned[2].seconds == planned[4].seconds
    assert "5 of 6 runs to measure" in describe_plan(planned, {})
    assert "for 3 engine start(s)" in describe_plan(planned, {})
