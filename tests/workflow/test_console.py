"""What a user sees: real calls of Snakemake, with and without a terminal. No engine is started."""

import subprocess
import sys

import pytest
from support.project import Project
from support.terminal import Terminal

PROFILE = "Using workflow specific profile profiles/default for setting default command line arguments.\n"
CI = ("--configfile", "configs/ci.yaml")
DATA = "results/data/texts.csv"
BAD = ("--config", "dataset={source: csv, csv: {path: none.csv}}")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A checkout in which nothing but the data set is made."""
    return Project(tmp_path_factory.mktemp("console") / "my project")


def call(project: Project, *arguments: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of Snakemake without a terminal."""
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "--cores", "1", *arguments],
        cwd=project.folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr.removeprefix(PROFILE)


def test_a_first_call_a_second_and_a_mistake_say_only_what_matters(checkout: Project) -> None:
    status, out, err = call(checkout, DATA, *CI)
    assert (status, err) == (0, "1 step, nothing to measure\n")
    assert out.startswith("200 texts from source generated")
    again = call(checkout, DATA, *CI)
    assert again == (0, "", "Nothing to do: all that was asked for is up to date.\n")

    status, out, err = call(checkout, DATA, *CI, *BAD)
    assert (status, out) == (1, "")
    _, cause, log = err.splitlines()
    assert cause.startswith("error: dataset.csv.path: there is no file none.csv")
    assert log == "  log: logs/make_dataset.log"
    text = checkout.snakemake_log()
    assert "Error in rule make_dataset" in text, "Snakemake's own text is in its log file"
    assert cause in text, "and what jobs printed"


def test_quiet_says_the_cause_alone(checkout: Project) -> None:
    status, out, err = call(checkout, DATA, *CI, *BAD, "--quiet")
    assert (status, out) == (1, "")
    assert err.startswith("error: dataset.csv.path: ")
    assert len(err.splitlines()) == 2


def test_a_misspelt_target_is_told_what_was_meant(checkout: Project) -> None:
    wanted, meant = "packng/packed-n4", "results/runs/packing/packed-n4/measurement.json"
    status, _, err = call(checkout, wanted, *CI)
    assert (status, err) == (1, f"error: there is no target {wanted}; did you mean {meant}?\n")


def test_a_dry_run_is_snakemake_s(checkout: Project) -> None:
    status, out, err = call(checkout, DATA, *CI, "--dry-run", "--force")
    assert (status, err) == (0, "")
    assert "This was a dry-run" in out


def test_on_a_terminal_the_last_lines_move(checkout: Project) -> None:
    terminal = Terminal(checkout, DATA, *CI, "--force")
    assert terminal.end() == 0, terminal.text
    assert "make_dataset (0:0" in terminal.text, "a job under way"
    assert "━━━━━" in terminal.text, "a bar"
    assert "200 texts from source generated" in terminal.text
    assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l"), "the cursor is back"
    assert "rule make_dataset" not in terminal.text
