"""Times of runs that were not measured, from the cost model and runs like them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config
from support.project import ROOT
from support.shapes import HERMES

from batchscope.config.configuration import Config, load_config
from batchscope.config.reading.older_names import configuration_today
from batchscope.planning.sweep_plan import plan_runs, rates_from

H200 = ROOT / "docs/reference/h200"


def config_of_h200(**changes: Any) -> Config:
    merged: dict[str, Any] = {}
    for path in (ROOT / "config.yaml", ROOT / "configs/hermes-8b.yaml", H200 / "overlay.yaml"):
        update_config(merged, configuration_today(yaml.safe_load(path.read_text())))
    update_config(merged, changes)
    return load_config(merged)


@pytest.fixture
def packing_on_h200(tmp_path: Path) -> Path:
    """Results that hold the committed packing runs, with the model's shape, which they lack."""
    shutil.copytree(H200 / "runs/packing", tmp_path / "runs/packing")
    for file in tmp_path.rglob("measurement.json"):
        file.write_text(json.dumps(json.loads(file.read_text()) | {"architecture": HERMES}))
    return tmp_path


def test_what_was_not_measured_takes_what_the_cost_model_says_of_runs_like_it(packing_on_h200: Path) -> None:
    plan = {run.run: run for run in plan_runs(config_of_h200(), packing_on_h200, {})}
    for folder in (H200 / "runs/saturation").iterdir():
        measured = json.loads((folder / "measurement.json").read_text())
        took = sum(one["seconds"] for one in (*measured["warmup"], *measured["repeats"]))
        found = plan[f"saturation/{folder.name}"]
        # not made here, its prompts have a guessed length
        seconds = found.seconds * measured["repeats"][0]["prompt_tokens"] / found.prompt_tokens
        assert seconds == pytest.approx(took, rel=0.1), folder.name
        assert found.measured_basis
    # copies from the cache still answer: a bare script took 110 s a pass, and warming up takes 12 s
    took = 12 + 3 * 110
    assert took / 2 < plan["reuse/packed-n400-reuse-full"].seconds < took * 2
    text, full = (plan[f"reuse/separate-n400-reuse-{reuse}"].seconds for reuse in ("text", "full"))
    assert text > 2 * full, "the instruction is computed again"
    closed = (plan[f"serving/closed_loop/packed-n40-c{most}"] for most in (1, 64))
    alone, together = (load.seconds / load.prompts for load in closed)
    assert alone > together, "of a request"
    slow = plan["serving/open_loop/separate-n1-rate20"]
    assert slow.seconds == pytest.approx(100, abs=2), "warm-up, then the times of arrival"
    assert not slow.measured_basis


def test_other_arithmetic_or_a_damaged_run_says_nothing_of_a_run(packing_on_h200: Path) -> None:
    fp8 = config_of_h200(engine={"args": {"quantization": "fp8"}})
    plan = {run.run: run for run in plan_runs(fp8, packing_on_h200, {})}
    measured = [json.loads(path.read_text()) for path in packing_on_h200.rglob("measurement.json")]
    rates = rates_from(measured, {"cuda": "cuda"})
    layout = ("cuda", "hermes-3-8b-shape", "separate")
    size = plan["saturation/separate-n1"].prompt_tokens
    assert plan["saturation/separate-n1"].seconds == pytest.approx(
        (65_536 + 3 * size) / rates.by_layout[layout]
    )
    for path in packing_on_h200.rglob("environment.json"):
        path.write_text("{")
    plan = {run.run: run for run in plan_runs(config_of_h200(), packing_on_h200, {})}
    assert plan["saturation/separate-n1"].seconds == pytest.approx(
        (65_536 + 3 * size) / rates.by_layout[layout]
    )
