"""Mistakes end in one message, start no engine and leave results alone: some of each kind, through Snakemake.

All run in one measured checkout; at the end nothing there is lost or stale.
"""

import json
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.engines import engine_processes
from support.hub_site import serving
from support.mistakes import EACH, MISTAKES
from support.mistakes.looking import site
from support.mistakes.mistake import SITE, World
from support.project import Outcome, Project

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("bad input")]

END_TO_END = [(kind, name) for kind, name in EACH if MISTAKES[kind][name].end_to_end]
"""What is seen while Snakemake imports its plugins is none of these, for `project.snakemake` has imported them:
files that are no YAML are tried in test_config_files.py."""


@pytest.fixture(scope="module")
def checkout(measured: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One measured checkout for all mistakes."""
    return measured.copy(tmp_path_factory.mktemp("bad") / "input")


def results_of(project: Project) -> dict[str, bytes]:
    runs = project.results / "runs"
    return {str(path.relative_to(runs)): path.read_bytes() for path in runs.rglob("*") if path.is_file()}


def called(project: Project, world: World, patch: pytest.MonkeyPatch, folder: Path) -> Outcome:
    """Call Snakemake as a user would who has written an overlay and the files that it names."""
    world.write_files(project.folder)
    patch.setenv("CUDA_VISIBLE_DEVICES", "")
    with ExitStack() as servers:
        address = servers.enter_context(site(world.served)) if world.served is not None else ""
        overlay = world.written().replace(SITE, address)
        (project.folder / "mine.yaml").write_text(overlay, encoding="utf-8")
        if world.hub:
            patch.setenv("HF_ENDPOINT", servers.enter_context(serving(world.hub)).url)
            patch.setenv("HF_HOME", str(folder / "hub"))
            patch.setenv("NO_PROXY", "127.0.0.1")
        return project.snakemake_plain("all", "--configfile", "configs/ci.yaml", "mine.yaml")


@pytest.mark.parametrize(("kind", "name"), END_TO_END)
def test_a_mistake_ends_the_call_with_its_message_and_other_results_stay(
    checkout: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kind: str, name: str
) -> None:
    mistake, before = MISTAKES[kind][name], results_of(checkout)
    try:
        outcome = called(checkout, mistake.wrong, monkeypatch, tmp_path)
    finally:
        for path in mistake.wrong.files:
            shutil.rmtree(checkout.folder / path.partition("/")[0], ignore_errors=True)
            (checkout.folder / path).unlink(missing_ok=True)
    assert outcome.status != 0, outcome.text
    assert "Traceback" not in outcome.text, outcome.text
    assert "error: " in outcome.text, outcome.text
    end = outcome.text[outcome.text.rindex("error: ") :]
    assert [words for words in mistake.says if words not in end] == [], outcome.text
    assert not outcome.measured
    assert not engine_processes(checkout)
    assert results_of(checkout) == before


def test_a_configuration_that_is_not_there_is_refused(checkout: Project) -> None:
    outcome = checkout.snakemake_plain("all", "--configfile", "missing.yaml")
    assert outcome.status != 0
    assert "missing.yaml" in outcome.text


def test_a_run_that_is_not_planned_is_named(checkout: Project) -> None:
    outcome = checkout.snakemake("results/runs/packing/packed-n5")
    assert outcome.status != 0
    assert "results/runs/packing/packed-n5" in outcome.text
    assert "Traceback" not in outcome.text


def test_nothing_was_lost(checkout: Project) -> None:
    """After all of that, a correct call finds everything as it was."""
    outcome = checkout.snakemake("all")
    assert outcome.status == 0, outcome.text
    assert not outcome.measured
    kept = [json.loads(path.read_text()) for path in (checkout.results / "runs").rglob("measurement.json")]
    assert {f"{run['study']}/{run['run']}" for run in kept} == {
        "packing/packed-n4",
        "packing/separate-n4",
        "saturation/packed-n8",
    }
