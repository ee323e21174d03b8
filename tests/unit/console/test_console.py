"""What the console makes of Snakemake's records and of jobs' lines; without a terminal."""

import json
import logging
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import pytest
from support.snakemake_records import job_begins, job_ends, job_fails, record

from batchscope.console.console import Console
from batchscope.console.knowledge import Knowledge, Prediction
from batchscope.console.streams import Options

RUNS = {f"packing/{name}": Prediction(20, "engine", 30) for name in ("packed-n4", "separate-n4")}
REPEAT = {"seconds": 0.5, "prompt_tokens": 20_000, "output_tokens": 1_550, "requests": 50}


class Call:
    """A console, and what it has shown."""

    def __init__(self, capfd: pytest.CaptureFixture[str], *quiet: str) -> None:
        self._capfd = capfd
        self._quiet = quiet

    @cached_property
    def console(self) -> Console:
        """Made when the test runs: while fixtures are made, pytest has other streams."""
        knowledge = Knowledge(lambda: RUNS, lambda: {"all": "all"}, lambda: "results/summary.html", lambda: 2)
        return Console(knowledge, Options(self._quiet))

    def begin(self) -> None:
        """Jobs may run."""
        stats = {"measure": 2, "make_dataset": 1, "total": 3}
        self.hear(record("workflow_started"), record("run_info", stats=stats))

    def hear(self, *said: logging.LogRecord) -> None:
        """Snakemake says something."""
        for each in said:
            self.console.handle(each)

    def shown(self) -> str:
        """All that standard error got, once the call has ended."""
        self.console.close()
        return self._capfd.readouterr().err


@pytest.fixture
def call(capfd: pytest.CaptureFixture[str]) -> Iterator[Call]:
    call = Call(capfd)
    yield call
    call.console.close()  # gives file descriptors back


def say(text: str) -> None:
    """As a job does."""
    os.write(2, text.encode())


def measured(folder: Path) -> str:
    path = folder / "measurement.json"
    content = {"status": "ok", "invalid": [], "repeats": [REPEAT] * 6, "stopped": {"half_width": 0.0123}}
    path.write_text(json.dumps(content))
    return str(path)


def test_a_run_is_one_line(call: Call, tmp_path: Path) -> None:
    call.begin()
    call.hear(job_begins(1, "measure", output=measured(tmp_path), study="packing", run="packed-n4"))
    say("packing/packed-n4: starting vLLM\npacking/packed-n4: repeat 1/6: 0.50 s\n")
    call.hear(job_ends(1))
    assert call.shown().splitlines() == [
        "2 runs to measure with 1 engine start; 1 other step: about 75 s",
        "packing/packed-n4: starting vLLM",
        "packing/packed-n4    43,100 tok/s ±1.2 %  6 repeats  [1/2, 15 s left]",
    ]


def test_a_failed_call_ends_with_the_cause(call: Call, tmp_path: Path) -> None:
    log = tmp_path / "make_dataset.log"
    log.write_text("error: dataset.csv.path: no file\n  put it there\n")
    call.begin()
    call.hear(job_begins(1, "make_dataset", log=str(log)))
    say("reading\nerror: dataset.csv.path: no file\n  put it there\n")
    call.hear(*job_fails(1))
    assert call.shown().splitlines()[1:] == [
        "reading",
        "error: dataset.csv.path: no file",
        "  put it there",
        f"  log: {log}",
    ]


def test_several_failures_are_listed(call: Call) -> None:
    call.begin()
    call.hear(job_begins(1, "make_prompts", prompts="a"), job_begins(2, "prepare_model", model="b"))
    say("error: one\n")
    call.hear(*job_fails(1)[:2])
    say("error: two\n")
    call.hear(*job_fails(2))
    assert call.shown().splitlines()[1:] == [
        "2 steps failed:",
        "make_prompts a: error: one",
        "prepare_model b: error: two",
    ]


def test_a_job_that_was_killed_says_so(call: Call) -> None:
    call.begin()
    call.hear(job_begins(1, "make_dataset"), *job_fails(1, status=137))
    assert "ended by signal 9 (SIGKILL)" in call.shown().splitlines()[-1]


def test_an_error_of_snakemake_s_own_loses_its_class(call: Call) -> None:
    call.begin()
    call.hear(record("error", "WorkflowError:\nJob needs gpu=2 but only gpu=1", logging.ERROR))
    assert call.shown().splitlines()[-1] == "error: Job needs gpu=2 but only gpu=1"


def test_what_a_job_said_is_shown_if_it_then_ends_well(call: Call) -> None:
    call.begin()
    call.hear(job_begins(1, "make_dataset"))
    say("error: the hub does not answer, a copy is there\n")
    call.hear(job_ends(1))
    assert call.shown().splitlines()[-1].startswith("error: the hub")


def test_ctrl_c_is_one_line(call: Call, tmp_path: Path) -> None:
    call.begin()
    call.hear(
        job_begins(1, "measure", output=measured(tmp_path), study="packing", run="packed-n4"), job_ends(1)
    )
    call.hear(job_begins(2, "measure", study="packing", run="separate-n4"))
    call.hear(record(None, "Terminating processes on user request, this might take some time."))
    call.hear(*job_fails(2, status=130))
    last = "Stopped: 1 of 2 runs is measured and kept; the same call goes on with the other 1."
    assert call.shown().splitlines()[2:] == [last]


def test_a_line_of_snakemake_s_that_nobody_knows_is_shown(call: Call) -> None:
    call.hear(record(None, "Unlocked working directory."), record(None, "Building DAG of jobs..."))
    call.hear(record("shellcmd", "Shell command: x"))
    assert call.shown() == "Unlocked working directory.\n"


def test_results_end_a_call_that_made_them(call: Call, tmp_path: Path) -> None:
    table = tmp_path / "runs.csv"
    table.write_text("study,run,valid,texts_per_s,total_token_throughput\npacking,packed-n4,True,9.94,1000\n")
    call.begin()
    call.hear(job_begins(1, "make_tables", output=str(table)), job_ends(1))
    lines = call.shown().splitlines()
    assert any(line.startswith("packing ") and "1,000" in line for line in lines)
    assert lines[-1] == "Done in 5 s. Answers: results/summary.html"


def test_steps_and_bars_pass(call: Call) -> None:
    call.begin()
    call.hear(job_begins(1, "prepare_model", model="demo"))
    say("training: step 25/415\ndownloading\r10 %\r20 %\rready\n")
    call.hear(job_ends(1))
    assert call.shown().splitlines()[1:] == ["ready"]


@pytest.mark.parametrize("quiet", [("progress", "rules"), ("all",)])
def test_quiet_leaves_the_cause(capfd: pytest.CaptureFixture[str], quiet: tuple[str, ...]) -> None:
    call = Call(capfd, *quiet)
    call.begin()
    call.hear(job_begins(1, "make_dataset"))
    say("200 texts\nerror: no file\n")
    call.hear(*job_fails(1))
    assert call.shown() == "error: no file\n"


def test_the_plan_is_shown_however_quiet(capfd: pytest.CaptureFixture[str]) -> None:
    call = Call(capfd, "all")
    call.hear(record("workflow_started"), record("run_info", stats={"plan": 1, "total": 1}))
    call.hear(job_begins(1, "plan"))
    say("3 of 3 runs to measure\n\nof them\n")
    call.hear(job_ends(1))
    assert call.shown() == "3 of 3 runs to measure\n\nof them\n"
