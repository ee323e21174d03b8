"""config.yaml and config.schema.json: written from the models, open to other values, and held to their keys."""

import json
import sys
from pathlib import Path

import jsonschema
import pytest
import yaml
from support.project import ROOT
from support.studies import shipped

from batchscope.common.errors import UserError
from batchscope.config.configuration import ABOUT_STUDIES, Config, load_config
from batchscope.config.documented.documentation import documented_yaml, json_schema, outdated, replaced_values
from batchscope.studies.grid import expand_studies
from scripts.upkeep import write_config_docs

DEFAULT = documented_yaml(Config())


def test_generated_files_are_up_to_date() -> None:
    assert (ROOT / "config.yaml").read_text() == DEFAULT, "run `make config`"
    assert (ROOT / "config.schema.json").read_text() == json_schema(), "run `make config`"


def test_the_default_file_says_what_the_models_say() -> None:
    assert load_config(yaml.safe_load(DEFAULT)) == load_config({})


def test_the_schema_refuses_what_the_models_refuse() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"engine": {"args": {"max_num_batch_tokens": 1}}}, json.loads(json_schema()))


@pytest.mark.parametrize(
    "config",
    [
        shipped("configs/ci.yaml"),
        shipped("configs/hermes-8b.yaml"),
        shipped("configs/hermes-8b.yaml", "configs/half-hour.yaml"),
        load_config({
            "title": "Größe: 100 % \N{SPARKLES} # no comment",
            "engine": {
                "args": {"extra": {"compilation_config": {"mode": 3}, "override": "a: b"}},
                "variables": {"X": "1", "Y": "", "Z": "yes"},
            },
            "prompts": {"separator": "\n---\n"},
            "studies": {"packing": None, "odd": {"set": {"engine.extra.x": "1"}, "grid": {"n": [4, 8]}}},
        }),
        load_config({"studies": {"empty": {}}}),
    ],
)  # fmt: skip
def test_any_configuration_is_written_as_it_is_read(config: Config) -> None:
    text = documented_yaml(config)
    assert load_config(yaml.safe_load(text)) == config
    assert outdated(text) == [], "its keys and comments are those of the default"


def test_the_worked_example_of_the_studies_is_a_study() -> None:
    example = ABOUT_STUDIES[ABOUT_STUDIES.index("  chunked_prefill") :]
    assert {f"# {line}" for line in example.splitlines()} <= set(DEFAULT.splitlines())
    studies = yaml.safe_load(example)
    runs = [
        run for run in expand_studies(load_config({"studies": studies})) if run.study == "chunked_prefill"
    ]
    assert [(run.engine.args.extra, run.engine.variables) for run in runs] == [
        ({"enable_chunked_prefill": True}, {}),
        ({"enable_chunked_prefill": True}, {"VLLM_USE_V2_MODEL_RUNNER": "1"}),
        ({"enable_chunked_prefill": False}, {}),
        ({"enable_chunked_prefill": False}, {"VLLM_USE_V2_MODEL_RUNNER": "1"}),
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  repeats: 3\n", "  repeats: 7\n"),
        ("gpus: 0\n", "gpus:   2   # two cards\n"),
        ("    extra: {}\n", "    extra:\n      # this one matters\n      enable_chunked_prefill: false\n"),
        ("  demo:\n    source: demo\n", "  mine:\n    source: local\n    path: models/mine\n"),
        ("# heads the report\n", "# for the team's page:\n# heads the report\n"),
        ("  decoding:\n    question", "  mine:\n    grid: {n: [4]}\n  decoding:\n    question"),
    ],
)
def test_other_values_and_notes_are_no_drift(old: str, new: str) -> None:
    assert DEFAULT.count(old) == 1
    assert outdated(DEFAULT.replace(old, new)) == []


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("# timed passes of a run, at least", "# timed passes", ["measure.repeats"]),
        ("\n# heads the report\ntitle: Labelling short texts with vLLM\n", "", ["title"]),
        ("  repeats: 3\n", "  repeat: 3\n", ["measure.repeats"]),
        ("#   source (hub): demo, hub or local\n", "", ["models"]),
        ("# Every key of the configuration, explained.", "# My configuration.", ["the comment at its head"]),
        ("    # its checksum\n    md5: ", "    md5: ", ["dataset.imdb.md5"]),
    ],
)
def test_other_keys_and_comments_are_drift(old: str, new: str, wrong: list[str]) -> None:
    assert DEFAULT.count(old) == 1
    assert outdated(DEFAULT.replace(old, new)) == wrong


def test_a_file_that_holds_nothing_lacks_every_key() -> None:
    assert {"title", "engine.args.extra", "studies"} <= set(outdated(""))
    with pytest.raises(UserError, match=r"config\.yaml: not YAML"):
        outdated("a: [\n")


def test_values_that_are_replaced_are_named() -> None:
    old = "measure: {repeats: 5, seed: 1}\nmodels: {mine: {id: a/b}}\nsame: [1, 2]\n"
    new = "measure: {repeats: 3, seed: 1}\nmodels: {}\nsame: [1, 2]\nmore: 1\n"
    assert replaced_values(old, new) == ["measure.repeats: 5 (now 3)", "models.mine.id: a/b (now not there)"]


def test_edited_values_pass_the_check_and_are_kept_unless_defaults_are_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(write_config_docs, "ROOT", tmp_path)

    def call(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["write_config_docs", *arguments])
        write_config_docs.main()
        return capsys.readouterr().out

    configuration, schema = tmp_path / "config.yaml", tmp_path / "config.schema.json"
    edited = DEFAULT.replace("  repeats: 3\n", "  repeats: 5\n")
    configuration.write_text(edited)
    schema.write_text(json_schema())
    call("--check")
    configuration.write_text(edited.replace("# heads the report\n", ""))
    with pytest.raises(UserError, match=r"^config\.yaml: missing, .*: title; run `.* --keep-values`$"):
        call("--check")
    assert call("--keep-values") == "wrote config.yaml\n"
    assert configuration.read_text() == edited
    assert call() == "wrote config.yaml\n  was measure.repeats: 5 (now 3)\n"
    assert configuration.read_text() == DEFAULT
    assert call() == ""
    schema.write_text("{}")
    with pytest.raises(UserError, match=r"config\.schema\.json is not what"):
        call("--check")
    configuration.write_text("a: [")
    with pytest.raises(UserError, match=r"config\.yaml: not YAML"):
        call("--keep-values")
