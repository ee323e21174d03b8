"""Damaged results: none reaches a table unseen, none is a traceback, and none stops the other runs."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings
from support.damage import DAMAGES, empty
from support.project import ROOT, Project

from batchscope.common.seal import sealed
from batchscope.config.configuration import Config, load_config
from batchscope.profiling.kernel_classes import load_rules
from batchscope.reports.memory.page import load_memory, memory_csv
from batchscope.reports.profiles.frame import load_profiles, steps_frame, summary_frame
from batchscope.reports.serving.frame import serving_frame
from batchscope.reports.serving.report import PUBLISHED
from batchscope.results.configured_runs import configured_point, configured_run
from batchscope.results.frames import repeats_frame, runs_frame
from batchscope.results.intact.measurement_folder import DamagedError
from batchscope.results.published.serving import load_published
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.run import Run
from scripts.retry_failed import failed_runs

pytestmark = pytest.mark.engine

Found = tuple[str, Callable[[], list[pd.DataFrame]]]
"""Why a measurement has no figures, empty where it has; and what makes its rows of the tables."""

Readers = dict[Path, Callable[[], Found]]
"""By the measurement's folder."""

REFERENCE = ROOT / "docs" / "reference" / "h100" / "profiles"


def config_of(project: Project) -> Config:
    return load_config(json.loads((project.results / "config.json").read_text()))


def runs_at(root: Path, config: Config) -> Readers:
    def read(folder: Path, run: Run) -> Found:
        record = configured_run(folder, run, config)
        why = record.measurement.message if record.measurement.status == "damaged" else ""
        return why, lambda: [runs_frame([record], []), repeats_frame([record])]

    return {root / run.id: partial(read, root / run.id, run) for run in expand_studies(config)}


def points_at(root: Path, config: Config) -> Readers:
    published = load_published(PUBLISHED)

    def read(folder: Path, run: Run) -> Found:
        point = configured_point(folder, run, config)
        why = point.served.message if point.served.status == "damaged" else ""
        return why, lambda: [serving_frame([point], config.serving.slo, published)]

    return {root / run.id: partial(read, root / run.id, run) for run in expand_serving(config)}


def captures_at(root: Path) -> Readers:
    """Captures of a GPU's, sealed as a capture is today."""
    rules = load_rules()

    def profiles(folder: Path) -> Found:
        try:
            found = load_profiles([folder])
        except DamagedError as error:
            return str(error), list
        return "", lambda: [summary_frame(found, rules), steps_frame(found, rules)]

    def memory(folder: Path) -> Found:
        try:
            found = load_memory([folder])
        except DamagedError as error:
            return str(error), list
        return "", lambda: [memory_csv(found)]

    shutil.copytree(REFERENCE, root, dirs_exist_ok=True)
    for path in [*root.glob("*/*/*/window.json"), *root.glob("*/*/*/memory.json")]:
        files = [other.name for other in path.parent.iterdir() if other != path]
        path.write_text(json.dumps(sealed(json.loads(path.read_text()), path.parent, files)))
    return {
        folder: partial(memory if folder.name == "memory" else profiles, folder)
        for folder in sorted(root.glob("*/*/*"))
    }


READ_OF_CAPTURES = ("window.json", "memory.json", "environment.json", "events.parquet", "steps.parquet", "timeline.parquet")  # fmt: skip
"""A page links a profiler's own files, and no figure comes from them."""


def tried(folders: Readers, count: int, only: tuple[str, ...] = ()) -> Counter[str]:
    """Damage ``count`` files, each in turn made whole again, and tell what became of them."""
    chance, outcomes = random.Random(count), Counter[str]()
    whole = {folder: {path: path.read_bytes() for path in folder.iterdir()} for folder in folders}
    sound = {}
    for folder, read in folders.items():
        why, frames = read()
        assert not why
        sound[folder] = frames()
    told = set[Path]()
    for _ in range(count):
        folder = chance.choice(list(folders))
        path = chance.choice([path for path in whole[folder] if not only or path.name in only])
        other = chance.choice([each for each in folders if each != folder and (each / path.name).exists()])
        damage = chance.choice(DAMAGES)
        damage(path, other, chance)
        why, frames = folders[folder]()
        if why:
            outcomes["named"] += 1
            assert str(folder) in why, why
            if folder not in told:  # its rows are the same whatever became of it
                told.add(folder)
                assert all(not len(frame) or frame["valid"].eq(False).all() for frame in frames())
        elif all(map(pd.DataFrame.equals, frames(), sound[folder])):
            outcomes["without effect"] += 1
        else:
            outcomes[f"reached a table: {damage.__name__} of {path}"] += 1
        for file, content in whole[folder].items():
            if not file.exists() or file.read_bytes() != content:
                file.write_bytes(content)
    return outcomes


def budget(share: float) -> int:
    """How many of the files of one kind are damaged: 60 in all, or 3,000 with ``--hypothesis-profile long``."""
    return round(settings.default.max_examples * share)


def test_damaged_runs_reach_no_table(measured: Project, tmp_path: Path) -> None:
    shutil.copytree(measured.results / "runs", tmp_path / "runs")
    found = tried(runs_at(tmp_path / "runs", config_of(measured)), budget(0.5))
    print(dict(found))
    assert set(found) <= {"named", "without effect"}, found
    assert found["named"] > 0.9 * found.total()


def test_damaged_load_points_reach_no_table(served: Project, tmp_path: Path) -> None:
    shutil.copytree(served.results / "serving", tmp_path / "serving")
    found = tried(points_at(tmp_path / "serving", config_of(served)), budget(0.3))
    print(dict(found))
    assert set(found) <= {"named", "without effect"}, found
    assert found["named"] > 0.9 * found.total()


def test_damaged_captures_reach_no_table(tmp_path: Path) -> None:
    found = tried(captures_at(tmp_path), budget(0.2), READ_OF_CAPTURES)
    print(dict(found))
    assert set(found) <= {"named", "without effect"}, found
    assert found["named"] > 0.9 * found.total()


def test_a_damaged_run_does_not_count_and_the_remedies_measure_it_again(measured_copy: Project) -> None:
    project, damaged = measured_copy, "packing/packed-n4"
    folder = project.results / "runs" / damaged
    requests = folder / "requests.parquet"
    requests.write_bytes(requests.read_bytes()[:-1])
    outcome = project.snakemake("all")
    assert outcome.status == 1
    assert not outcome.measured
    assert "error: the files of 1 run are damaged" in outcome.text
    assert "requests.parquet: damaged: not as it was written" in outcome.text
    assert "Traceback" not in outcome.text
    rows = pd.read_parquet(project.results / "tables" / "runs.parquet").set_index("run")
    assert rows["status"].to_dict() == {"packed-n4": "damaged", "separate-n4": "ok", "packed-n8": "ok"}
    assert "files are damaged" in (project.results / "tables" / "packing.html").read_text()
    assert failed_runs(project.results, config_of(project)) == [folder / "measurement.json"]
    shutil.rmtree(folder)
    assert project.snakemake("all", "--dry-run").measured == {damaged}


def test_changed_prompts_are_never_measured_and_the_remedy_makes_them_again(prepared: Project) -> None:
    target = "results/runs/packing/packed-n4/measurement.json"
    prompts = prepared.results / "prompts" / "demo-packed-n4-r4"
    empty(prompts / "prompts.jsonl", prompts, random.Random(0))
    outcome = prepared.snakemake(target)
    assert outcome.status == 1
    assert (
        "not the prompts that prompts.json counts; delete results/prompts/demo-packed-n4-r4" in outcome.text
    )
    assert not (prepared.folder / target).exists()
    shutil.rmtree(prompts)
    again = prepared.snakemake(target, "--dry-run")
    assert again.rules == Counter(make_prompts=1, measure=1)
