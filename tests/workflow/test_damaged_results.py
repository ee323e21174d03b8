"""Damaged results: none reaches a table unseen, none is a traceback, and none stops the other runs."""

import json
import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

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
from batchscope.results.captures import load_sound
from batchscope.results.configured_runs import configured_point, configured_run
from batchscope.results.frames import repeats_frame, runs_frame
from batchscope.results.published.serving import load_published
from batchscope.studies.grid import expand_serving, expand_studies
from scripts.retry_failed import failed_runs

pytestmark = pytest.mark.engine

Frames = tuple[list[pd.DataFrame], str]
"""What tables would hold of a measurement, and why it has no figures; empty where it has."""

REFERENCE = ROOT / "docs" / "reference" / "h100" / "profiles"


def config_of(project: Project) -> Config:
    return load_config(json.loads((project.results / "config.json").read_text()))


def runs_at(root: Path, config: Config) -> dict[Path, Callable[[], Frames]]:
    """How each run's rows of the tables are made, by its folder."""

    def read(folder: Path, run: Any) -> Frames:
        record = configured_run(folder, run, config)
        why = record.measurement.message if record.measurement.status == "damaged" else ""
        return [runs_frame([record], []), repeats_frame([record])], why

    return {root / run.id: lambda run=run: read(root / run.id, run) for run in expand_studies(config)}


def points_at(root: Path, config: Config) -> dict[Path, Callable[[], Frames]]:
    published = load_published(PUBLISHED)

    def read(folder: Path, run: Any) -> Frames:
        point = configured_point(folder, run, config)
        why = point.served.message if point.served.status == "damaged" else ""
        return [serving_frame([point], config.serving.slo, published)], why

    return {root / run.id: lambda run=run: read(root / run.id, run) for run in expand_serving(config)}


def captures_at(root: Path) -> dict[Path, Callable[[], Frames]]:
    """Captures of a GPU's, sealed as a capture is today, each shown beside a sound one of the same kind."""
    rules = load_rules()

    def profiles(folder: Path) -> Frames:
        found, notes = load_sound([folder, sound / "packed-n40" / "torch"], load_profiles)
        return [summary_frame(found, rules), steps_frame(found, rules)], " ".join(notes)

    def memory(folder: Path) -> Frames:
        found, notes = load_sound([folder, sound / "packed-n40" / "memory"], load_memory)
        return [memory_csv(found)], " ".join(notes)

    sound = root / "sound" / "saturation"
    shutil.copytree(REFERENCE / "saturation", sound)
    for window in [*sound.glob("*/*/window.json"), *sound.glob("*/*/memory.json")]:
        files = [path.name for path in window.parent.glob("*") if path != window]
        window.write_text(json.dumps(sealed(json.loads(window.read_text()), window.parent, files)))
    tried = root / "tried" / "saturation"
    shutil.copytree(sound, tried)
    return {
        folder: (lambda folder=folder: (memory if folder.name == "memory" else profiles)(folder))
        for folder in sorted(tried.glob("*/*"))
    }


READ_OF_CAPTURES = ("window.json", "memory.json", "environment.json", "events.parquet", "steps.parquet", "timeline.parquet")  # fmt: skip
"""A page links a profiler's own files, and no figure comes from them."""


def tried(folders: dict[Path, Callable[[], Frames]], count: int, only: tuple[str, ...] = ()) -> Counter[str]:
    """Damage ``count`` files, each in turn made whole again, and tell what became of them."""
    chance, outcomes = random.Random(count), Counter[str]()
    whole = {folder: {path: path.read_bytes() for path in folder.iterdir()} for folder in folders}
    sound = {folder: read() for folder, read in folders.items()}
    assert not any(why for _, why in sound.values())
    for _ in range(count):
        folder = chance.choice(list(folders))
        path = chance.choice([path for path in whole[folder] if not only or path.name in only])
        other = chance.choice([each for each in folders if each != folder and path in twins(path, each)])
        damage = chance.choice(DAMAGES)
        damage(path, other, chance)
        frames, why = folders[folder]()
        if why:
            outcomes["named"] += 1
            assert str(folder) in why, why
        else:
            what = f"{damage.__name__} of {path}"
            same = all(map(pd.DataFrame.equals, frames, sound[folder][0]))
            outcomes["without effect" if same else f"reached a table: {what}"] += 1
        for file, content in whole[folder].items():
            if not file.exists() or file.read_bytes() != content:
                file.write_bytes(content)
    return outcomes


def twins(path: Path, folder: Path) -> Iterator[Path]:
    """The path itself, where another measurement has a file of its name."""
    if (folder / path.name).exists() and (folder.name == path.parent.name or folder.parts[-3] != "saturation"):
        yield path


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
