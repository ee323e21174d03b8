"""A user's file and three lines over configs/my-texts.yaml, on the real engine: 60 texts, and a short context."""

import json
from typing import Any

import pytest
import yaml
from support.project import Outcome, Project
from support.short_texts import write_texts

from batchscope.inputs.texts.generate import generate_reviews

pytestmark = pytest.mark.engine

MINE = {
    "dataset": {"source": "file", "file": {"path": "my-texts.csv"}},
    "task": {"labels": ["positive", "negative"]},
    "models": {"mine": {"source": "demo", "load_format": "dummy"}},
    "engine": {"model": "mine"},
}
ON_CPU = {
    "gpus": 0,
    "engine": {
        "environment": "cpu",
        "args": {
            "max_model_len": 3600,
            "kv_cache_memory_bytes": 1 << 28,
            "dtype": "float32",
            "enforce_eager": True,
        },
    },
    "measure": {"repeats": 1, "precision": None, "warmup_tokens": 0},
    # a second engine, and nothing else
    "studies": {"instruction": None},
}
TOO_MUCH = ("packing/packed-n16", "packing/packed-n32", "packing/packed-n16-numbered-True")


def call(project: Project, target: str, **more: object) -> Outcome:
    overlays = []
    for number, overlay in enumerate((MINE, ON_CPU, more)):
        (project.folder / f"{number}.yaml").write_text(yaml.safe_dump(overlay, sort_keys=False))
        overlays.append(f"{number}.yaml")
    return project.snakemake_plain(target, "--configfile", "configs/my-texts.yaml", *overlays)


def measurements(project: Project) -> dict[str, dict[str, Any]]:
    folder = project.results / "runs"
    return {
        str(path.parent.relative_to(folder)): json.loads(path.read_text())
        for path in folder.rglob("measurement.json")
    }


@pytest.fixture
def mine(project: Project) -> Project:
    texts = generate_reviews(100, 4)[:60]
    write_texts(project.folder / "my-texts.csv", [each.content for each in texts], ["positive", "negative"])
    return project


@pytest.mark.long
def test_three_lines_and_sixty_texts_end_in_a_report(mine: Project) -> None:
    plan = call(mine, "plan")
    assert plan.status == 0, plan.text
    assert "There are 60 texts, and runs that may take up to 200 take all of them." in plan.text
    assert "7 of 7 runs to measure" in plan.text
    left_out = {
        run: line for line in plan.text.splitlines() for run in TOO_MUCH if line.startswith(f"  {run}: ")
    }
    assert left_out.keys() == set(TOO_MUCH)

    outcome = call(mine, "all")
    assert outcome.status == 0, outcome.text
    found = measurements(mine)
    assert {run for run, each in found.items() if each["status"] == "unfit"} == set(TOO_MUCH)
    assert {each["status"] for each in found.values()} == {"ok", "unfit"}
    assert {each["spec"]["workload"]["texts"] for each in found.values()} == {60}
    assert all(each["invalid"] == [] for each in found.values())
    page = (mine.results / "tables" / "packing.md").read_text()
    assert page.count("does not fit: prompt ") == len(TOO_MUCH)
    largest = left_out["packing/packed-n16"].rpartition(" ")[2]
    assert f"the largest n that fits is {largest}." in page, "as the plan had said"

    assert call(mine, "all").jobs == [], "which runs there are is decided once"
