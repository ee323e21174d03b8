"""What stands in a copied text for whoever pastes it: random weights, and folders of one machine."""

import json
from dataclasses import replace

import pytest
from support.planted import config

from batchscope.config.configuration import Config, load_config
from batchscope.reports.one_page.words import engine_of
from batchscope.studies.grid import expand_studies
from batchscope.verdict.copies.comments import WIDTH, commented
from batchscope.verdict.copies.python_script import python_script
from batchscope.verdict.copies.recipe import Recipe, recipe_of
from batchscope.verdict.copies.serve_commands import serve_command

HUB = {"source": "hub", "id": "org/model", "load_format": "auto"}
FOLDER = {"source": "local", "path": "models/mine", "load_format": "auto"}
RANDOM = {"load_format": "dummy"}


def recipe(tmp_path, model: dict) -> Recipe:
    """Of a run with this model."""
    values = json.loads(config().model_dump_json())
    values["models"] = dict.fromkeys(values["models"], model)
    of: Config = load_config(values)
    run = next(each for each in expand_studies(of) if each.id == "label_answers/packed-n4")
    return recipe_of(run, of, tmp_path, "results")


def copies(found: Recipe) -> list[str]:
    """The script, what the page shows of it beside the answer, and the server's command."""
    script = python_script(found)
    compile(script, "label.py", "exec")
    return [script, engine_of(script), serve_command(found)]


def said_in(text: str) -> str:
    """The comments of a text, as one line."""
    return " ".join(line.removeprefix("# ") for line in text.splitlines() if line.startswith("# "))


@pytest.mark.parametrize("model", [HUB, FOLDER])
def test_random_weights_are_left_out_and_that_is_said(tmp_path, model):
    for text in copies(recipe(tmp_path, model | RANDOM)):
        code = [line for line in text.splitlines() if not line.startswith("#")]
        assert not any("load_format" in line or "load-format" in line for line in code)
        assert "Measured with random weights (load_format dummy, labels mean nothing)" in said_in(text)
    for text in copies(recipe(tmp_path, model)):
        assert "random" not in text


def test_another_format_of_weights_is_copied(tmp_path):
    script, _, serve = copies(recipe(tmp_path, HUB | {"load_format": "safetensors"}))
    assert 'load_format="safetensors"' in script
    assert "--load-format safetensors" in serve


def test_a_folder_is_said_to_be_one_of_the_machine_that_measured(tmp_path):
    script, engine, serve = copies(recipe(tmp_path, FOLDER))
    for text in (script, engine, serve):
        assert "models/mine is a folder where this was measured: put your own path" in said_in(text)
    assert "here and in the request." in said_in(serve)
    assert 'model="models/mine",' in engine
    for text in copies(recipe(tmp_path, HUB)):
        assert "folder where" not in text
    made_here = {"source": "hub", "id": "org/model", "prune": "2:4"}
    assert "a folder where this was measured" in said_in(copies(recipe(tmp_path, made_here))[0])


def test_paths_among_the_arguments_are_said_to_be_paths_of_that_machine(tmp_path):
    own = replace(
        recipe(tmp_path, HUB),
        args={"tokenizer": "/data/words", "seed": 0},
        variables={"HOME": "/home/me"},
    )
    assert commented(own) == (
        "# /data/words is a path where this was\n# measured.\n# /home/me is a path where this was\n# measured.\n"
    )


def test_no_comment_is_cut_in_its_box(tmp_path):
    text = commented(recipe(tmp_path, FOLDER | RANDOM), twice=True)
    assert max(len(line) for line in text.splitlines()) <= WIDTH + 2
