"""Runs that fit themselves to their texts and their model, from the user's file to their row in a table.

By the scripts that Snakemake calls, in this process: no engine is started for a run that cannot be. With a real
engine for the others: tests/engine/test_my_texts.py.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.project import ROOT, Project
from support.short_texts import Sweep, sweep

from batchscope.common.canonical_json import canonical_json
from batchscope.common.errors import run_script
from batchscope.config.studies import Study
from batchscope.reporting.render import page_markdown
from batchscope.reports.study.page import study_page
from batchscope.results.frames import runs_frame
from batchscope.results.records import RunRecord, load_measurement, load_run
from batchscope.studies.prompt_spec import prompt_spec
from batchscope.studies.run import Run
from batchscope.studies.run_spec import run_spec
from scripts import make_dataset, make_prompts, measure, profile_run, serve
from scripts.retry_failed import failed_runs

TEXTS = [f"text number {number} " + "word " * (3 * number) for number in range(20)]
STUDY = {"set": {"texts": 200, "fit": True}, "grid": {"n": [2, 16, 64]}}


class Scripts:
    """The scripts up to a measurement, in the folder of a sweep."""

    def __init__(self, made: Sweep, monkeypatch: pytest.MonkeyPatch) -> None:
        self.config, self.runs, self.monkeypatch = made.config, made.runs, monkeypatch
        monkeypatch.chdir(made.folder)
        self.call(
            make_dataset.main,
            "--config", self.config.dataset.model_dump_json(), "--task", self.config.task.model_dump_json(),
            "--texts", "prepared.csv", "--summary", "summary.json",
        )  # fmt: skip

    def prompts(self, run: Run) -> dict[str, Any]:
        """Make a run's prompts, and return their summary."""
        self.call(
            make_prompts.main,
            "--spec", canonical_json(prompt_spec(run.prompts, self.runs, self.config)),
            "--data", "prepared.csv", "--model", "my-model", "--prompts", f"{run.name}/prompts.jsonl",
            "--summary", f"{run.name}/prompts.json", "--texts", f"{run.name}/texts.jsonl", "--timing", f"{run.name}/timing.json",
        )  # fmt: skip
        return json.loads(Path(run.name, "prompts.json").read_text())

    def job(self, main: Callable[[], None], run: Run, *more: str, folder: str = "runs") -> None:
        """Call a script that gets a run."""
        Path("my-model/manifest.json").write_text("{}")
        self.call(
            main,
            "--run", run.id, "--spec", canonical_json(run_spec(run, self.config, {"vllm": "0.32.0"})),
            "--environments", json.dumps({"cpu": str(ROOT / ".engines/cpu/bin/python")}),
            "--prompts", f"{run.name}/prompts.jsonl", "--prompts-summary", f"{run.name}/prompts.json",
            "--model", "my-model", "--out", f"results/{folder}/{run.id}", "--log", "log", *more,
        )  # fmt: skip

    def measured(self, run: Run) -> RunRecord:
        """Make a run's prompts, have it measured, and read what it left."""
        self.prompts(run)
        self.job(measure.main, run)
        return load_run(Path("results/runs", run.id))

    def call(self, main: Callable[[], None], *arguments: str) -> None:
        self.monkeypatch.setattr(sys, "argv", ["script", *arguments])
        run_script(main)


def test_a_prompt_set_holds_as_many_texts_as_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sweep(tmp_path, TEXTS, 1_500, mine=STUDY)
    scripts = Scripts(made, monkeypatch)
    summaries = [scripts.prompts(run) for run in made.runs]
    assert [(each["texts"], each["labels"]) for each in summaries] == [(20, 20)] * 3
    assert [each["prompts"] for each in summaries] == [10, 2, 1]
    found = made.look().left_out
    for run, summary in zip(made.runs, summaries, strict=True):
        (largest,) = summary["largest_n"].values()
        planned = found.get(run.id, f"the largest n that fits is {run.workload.n}")
        assert planned.endswith(f"the largest n that fits is {largest}"), "the plan had said the same"


def test_runs_that_cannot_be_are_results_with_their_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = sweep(tmp_path, TEXTS, 1_500, mine=STUDY)
    scripts = Scripts(made, monkeypatch)
    _, long, many = made.runs
    records = [scripts.measured(run) for run in (long, many)]
    assert "mine/packed-n64: left out: a prompt takes 64 texts, and there are 20" in capsys.readouterr().out
    assert not Path("log").exists(), "no engine was asked"
    page = page_markdown(study_page("mine", Study(), runs_frame(records, [])))
    assert "No answer: there is no valid run." in page
    assert "with its answer, and the context is 1,500; the largest n that fits is 8" in page
    assert "does not fit: a prompt takes 64 texts, and there are 20; the largest n that fits is 8." in page
    assert "Measured on" not in page, "it was measured nowhere"
    assert [record.measurement.status for record in records] == ["unfit", "unfit"]
    assert [record.measurement.spec.workload.texts for record in records] == [20, 64]
    assert not any(record.measurement.spec.workload.fit for record in records)
    Path("results/config.json").write_text(made.config.model_dump_json())
    assert failed_runs(Path("results"), made.config) == [], "it would not fit again"


def test_a_load_that_cannot_be_is_a_result_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = sweep(tmp_path, TEXTS, 1_500, mine={"grid": {"n": [2]}})
    made.overlay(serving={"studies": {"served": {"set": {"texts": 200, "fit": True}, "grid": {"n": [16]}}}})
    scripts, run = Scripts(made, monkeypatch), made.runs[-1]
    scripts.prompts(run)
    scripts.job(serve.main, run, folder="serving")
    folder = Path("results/serving", run.id)
    assert load_measurement(folder).status == "unfit"
    assert {path.name for path in folder.iterdir()} == {
        "measurement.json", "environment.json", "bench.json", "client.parquet", "steps.parquet", "hardware.parquet",
    }  # fmt: skip


def test_a_profile_of_a_run_that_cannot_be_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = sweep(tmp_path, TEXTS, 1_500, mine=STUDY)
    scripts = Scripts(made, monkeypatch)
    run = made.runs[1]
    scripts.prompts(run)
    with pytest.raises(SystemExit):
        scripts.job(profile_run.main, run, "--profiler", "torch", "--steps", "2", "--at", "0.5")
    assert "name another run under profile.runs" in capsys.readouterr().err


def test_a_text_that_no_prompt_holds_is_an_error_with_a_cut_that_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    made = sweep(tmp_path, ["too long " * 300, "fine"], 800, mine={**STUDY, "grid": {"n": [2]}})
    scripts = Scripts(made, monkeypatch)
    with pytest.raises(SystemExit):
        scripts.prompts(made.runs[0])
    said = capsys.readouterr().err
    assert "row 1 (line 2) of texts.csv" in said
    cut = int(said.partition("workload.text_tokens: ")[2].partition(")")[0])
    made.overlay(workload={"text_tokens": cut})
    assert Scripts(made, monkeypatch).prompts(made.runs[0])["cut_texts"] == 1


def test_a_plan_lists_what_cannot_be_and_ends_with_status_1(project: Project) -> None:
    """As a user sees it who lays a file of 20 rows over a study of another size."""
    made = sweep(project.folder, TEXTS, 1_500, mine={"set": {"texts": 200}, "grid": {"n": [2, 16]}})
    outcome = project.snakemake("plan", config=made.values)
    assert outcome.status == 1
    assert "Traceback" not in outcome.text
    listed = [f"{each.where}: {each.what}; {each.remedy}" for each in made.look().problems]
    assert len(listed) == 2
    assert all(
        line in outcome.text for line in ("error: 2 things are wrong, and nothing has been started:", *listed)
    ), outcome.text
