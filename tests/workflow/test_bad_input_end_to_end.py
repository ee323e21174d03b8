"""Mistakes end in one message, and leave results alone: some of each kind, through Snakemake.

All run in one measured checkout; at the end nothing there is lost or stale.
"""

import json
import shutil

import pytest
from support.mistakes import CONFIG_MISTAKES, FILE_MISTAKES, RUN, Mistake
from support.project import Project

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("bad input")]

CONFIG_END_TO_END = ("unknown key", "GPU run without GPUs", "run that is not planned")

FILE_END_TO_END = (
    "no such CSV file",
    "unknown label",
    "bad encoding",
    "model without weights",
    "engine environment not made",
    "engine environment without vLLM",
    "max_model_len below a prompt",
)
"""Some of the data set and the models, and all that only a job can tell."""


@pytest.fixture(scope="module")
def checkout(measured: Project, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One measured checkout for all mistakes."""
    return measured.copy(tmp_path_factory.mktemp("bad") / "input")


def results_of(project: Project) -> dict[str, bytes]:
    runs = project.results / "runs"
    return {str(path.relative_to(runs)): path.read_bytes() for path in runs.rglob("*") if path.is_file()}


def assert_refused(project: Project, mistake: Mistake, *options: str) -> None:
    mistake.write_files(project.folder)
    try:
        outcome = project.snakemake(mistake.target, *options, config=mistake.config)
    finally:
        (project.folder / "mine.csv").unlink(missing_ok=True)
        shutil.rmtree(project.folder / "my-model", ignore_errors=True)
    assert outcome.status != 0, outcome.text
    assert "Traceback" not in outcome.text, outcome.text
    for words in mistake.says:
        assert words in outcome.text, f"missing: {words}\n{outcome.text}"


@pytest.mark.parametrize("name", CONFIG_END_TO_END)
def test_a_wrong_configuration_is_refused_before_anything_runs(checkout: Project, name: str) -> None:
    before = results_of(checkout)
    assert_refused(checkout, CONFIG_MISTAKES[name])
    assert results_of(checkout) == before


@pytest.mark.parametrize("name", FILE_END_TO_END)
def test_a_wrong_file_is_refused_and_other_results_stay(checkout: Project, name: str) -> None:
    mistake, before = FILE_MISTAKES[name], results_of(checkout)
    assert_refused(checkout, mistake)
    after = results_of(checkout)
    kept = {
        name: content for name, content in before.items() if mistake.target != RUN or "packed-n4/" not in name
    }
    assert {name: after.get(name) for name in kept} == kept


def test_a_configuration_that_is_not_there_is_refused(checkout: Project) -> None:
    outcome = checkout.snakemake_plain("all", "--configfile", "missing.yaml")
    assert outcome.status != 0
    assert "missing.yaml" in outcome.text


def test_nothing_was_lost(checkout: Project) -> None:
    """After all of that, a correct call measures at most the run that was asked for with a broken engine."""
    outcome = checkout.snakemake("all")
    assert outcome.status == 0, outcome.text
    assert outcome.measured <= {"packing/packed-n4"}
    kept = [json.loads(path.read_text()) for path in (checkout.results / "history").rglob("measurement.json")]
    assert {f"{run['study']}/{run['run']}" for run in kept} >= {
        "packing/packed-n4",
        "packing/separate-n4",
        "saturation/packed-n8",
    }
