"""The server's command and a request, for a shell, from a configuration's run."""

import json
import shlex
from dataclasses import replace

import pytest
from support.planted import config

from batchscope.studies.grid import expand_studies
from batchscope.verdict.copies.python_script import python_script
from batchscope.verdict.copies.recipe import recipe_of
from batchscope.verdict.copies.serve_commands import request, serve_command

RUN = "label_answers/packed-n4"


@pytest.fixture
def recipe(tmp_path):
    run = next(each for each in expand_studies(config()) if each.id == RUN)
    (tmp_path / "measurement.json").write_text(json.dumps({
        "prompts": {"chat": True, "adds_special_tokens": False},
        "answers": [{"n": 4, "least": 8, "most": 60, "restricted_by": "grammar"}],
    }))  # fmt: skip
    return recipe_of(run, config(), tmp_path, "results")


def test_each_argument_is_a_flag_that_a_shell_reads(recipe):
    odd = {"hf_overrides": {"rope": "it's"}, "enforce_eager": True, "seed": 0}
    command = serve_command(replace(recipe, args=odd, variables={"VLLM_USE_V2": "a b"}))
    assert shlex.split(command.replace("\\\n", " "), comments=True) == [
        "VLLM_USE_V2=a b", "vllm", "serve", "smol", "--hf-overrides", '{"rope": "it\'s"}', "--enforce-eager", "--seed", "0",
    ]  # fmt: skip


def test_a_cpu_build_is_started_by_our_module(recipe):
    cpu = replace(recipe, device="cpu", python=".engines/cpu/bin/python")
    *_, said, command = serve_command(replace(cpu, args={})).splitlines()
    assert said == "# In the folder of vllm-batchscope, with the environment that measured:"
    assert command == ".engines/cpu/bin/python -m batchscope.worker.server.vllm_command serve smol"


def body(text):
    lines = text.splitlines()
    assert (lines[0].split()[-1], lines[-1]) == ("<<'END'", "END")
    return json.loads(lines[1])


def test_a_request_holds_the_answer_to_its_limits(recipe):
    asked = body(request(recipe, "It's a\nprompt", True, {}))
    assert (asked["prompt"], asked["add_special_tokens"], asked["max_tokens"]) == (
        "It's a\nprompt",
        False,
        60,
    )
    assert asked["structured_outputs"]["grammar"].count('"\\n"') == 3
    assert "ignore_eos" not in asked


def test_a_prompt_without_its_chat_template_goes_to_the_chat(recipe):
    asked = body(request(replace(recipe, system="Be brief."), "<text 1>", False, {}))
    assert [each["role"] for each in asked["messages"]] == ["system", "user"]


def test_tokens_that_are_allowed(recipe):
    tokens = replace(recipe, restricted_by="tokens", most={})
    asked = body(request(tokens, "a prompt", True, {"positive": [9, 5], "negative": [7]}))
    assert (asked["allowed_token_ids"], asked["max_tokens"], asked["ignore_eos"]) == ([5, 7, 9], 4, True)


@pytest.mark.parametrize("form", ["free", "labels", "codes", "json"])
@pytest.mark.parametrize("restricted", ["tokens", "grammar", None])
def test_every_script_is_python(recipe, form, restricted):
    load = recipe.workload.model_copy(
        update={"answer": form, "numbered": True, "text_tokens": 7, "cut": "both"}
    )
    script = python_script(replace(recipe, workload=load, restricted_by=restricted, variables={"A": "'\"\n"}))
    compile(script, "label.py", "exec")
    assert all(len(line) < 110 for line in script.splitlines() if "=" not in line)
