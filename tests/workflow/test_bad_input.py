"""Mistakes end in one message that names the key or row and the remedy.

All are tried here in this process, by what the workflow and its scripts call; some of each kind go through Snakemake
too, see test_bad_input_end_to_end.py.
"""

import json
import sys
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config
from support.mistakes import CONFIG_MISTAKES, FILE_MISTAKES, PROMPTS, RUN, TEXTS, Mistake
from support.project import ROOT

from batchscope.common.errors import UserError, run_script
from batchscope.config.configuration import Config, load_config
from batchscope.reports.registry import check_study_names
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.prompt_spec import prompt_spec
from scripts import make_dataset, make_prompts, prepare_model

NOT_PLANNED = "run that is not planned"
"""Snakemake itself says so: there is no function of ours to call."""


@cache
def small_study() -> dict[str, Any]:
    """configs/ci.yaml over config.yaml."""
    merged: dict[str, Any] = {}
    for name in ("config.yaml", "configs/ci.yaml"):
        update_config(merged, yaml.safe_load((ROOT / name).read_text()))
    return merged


def configured(values: dict[str, Any]) -> Config:
    """An overlay over configs/ci.yaml, as the workflow reads it."""
    merged = deepcopy(small_study())
    update_config(merged, values)
    config = load_config(merged)
    check_study_names(config.studies)
    expand_studies(config)
    expand_serving(config)
    return config


@pytest.mark.parametrize(
    "mistake",
    [mistake for name, mistake in CONFIG_MISTAKES.items() if name != NOT_PLANNED],
    ids=[name for name in CONFIG_MISTAKES if name != NOT_PLANNED],
)
def test_a_wrong_configuration_is_refused(mistake: Mistake) -> None:
    with pytest.raises(UserError) as refused:
        configured(mistake.config)
    for words in mistake.says:
        assert words in str(refused.value), f"missing: {words}"


def test_what_the_mistakes_are_laid_over_is_right() -> None:
    assert len(expand_studies(configured({}))) == 3


class Scripts:
    """The scripts up to a prompt set, called in this process: those that Snakemake calls before a measurement."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, mistake: Mistake) -> None:
        self.monkeypatch = monkeypatch
        self.config = configured(mistake.config)
        self.runs = expand_studies(self.config)
        wanted = (run.prompts for run in self.runs)
        self.wanted = next((each for each in wanted if PROMPTS.format(each.id) == mistake.target), None)
        assert self.wanted or mistake.target == TEXTS

    def make(self) -> None:
        self.call(
            make_dataset.main,
            "--config", self.config.dataset.model_dump_json(),
            "--texts", "texts.csv", "--summary", "summary.json",
        )  # fmt: skip
        if self.wanted is None:
            return
        asset = self.config.models[self.config.engine.model]
        self.call(prepare_model.main, "--asset", asset.model_dump_json(), "--out", "model")
        self.call(
            make_prompts.main,
            "--spec", json.dumps(prompt_spec(self.wanted, self.runs, self.config)),
            "--data", "texts.csv", "--model", "model",
            "--prompts", "prompts.jsonl", "--summary", "prompts.json", "--texts", "texts.jsonl", "--timing", "timing.json",
        )  # fmt: skip

    def call(self, main: Callable[[], None], *arguments: str) -> None:
        self.monkeypatch.setattr(sys, "argv", ["script", *arguments])
        run_script(main)


@pytest.mark.parametrize(
    "mistake",
    [mistake for mistake in FILE_MISTAKES.values() if mistake.target != RUN],
    ids=[name for name, mistake in FILE_MISTAKES.items() if mistake.target != RUN],
)
def test_a_wrong_file_is_refused(
    mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mistake.write_files(tmp_path)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as ended:
        Scripts(monkeypatch, mistake).make()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert "Traceback" not in said
    for words in mistake.says:
        assert words in said, f"missing: {words}"
