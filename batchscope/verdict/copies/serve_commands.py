"""A setting as ``vllm serve``, and a request with curl."""

import json
import shlex
from itertools import chain
from typing import Any

from batchscope.inputs.answers.grammar import grammar_of
from batchscope.verdict.copies.comments import commented
from batchscope.verdict.copies.recipe import Recipe

ON_CPU = "-m batchscope.worker.server.vllm_command"
"""vLLM's build for CPUs has another name than vLLM's own command looks for."""

URL = "http://localhost:8000/v1"


def serve_commands(recipe: Recipe, prompt: str, whole: bool, label_tokens: dict[str, list[int]]) -> str:
    """The server's command, and one request.

    Args:
        recipe: the setting.
        prompt: an example.
        whole: whether the example is in the model's chat template, if there is one.
        label_tokens: tokens that stand for each label.
    """
    return f"{serve_command(recipe)}\n\n{request(recipe, prompt, whole, label_tokens)}\n"


def serve_command(recipe: Recipe) -> str:
    """``vllm serve`` with the engine arguments of the setting, below what is to be known of them."""
    revision = {"revision": recipe.revision} if recipe.revision else {}
    variables = "".join(f"{key}={shlex.quote(value)} " for key, value in recipe.variables.items())
    program = f"{recipe.python} {ON_CPU}" if recipe.device == "cpu" else "vllm"
    lines = [
        f"{variables}{program} serve {shlex.quote(recipe.model)}",
        *(_flag(*each) for each in (revision | recipe.args).items()),
    ]
    here = (
        "# In the folder of vllm-batchscope, with the environment that measured:\n"
        if recipe.device == "cpu"
        else ""
    )
    return commented(recipe, twice=True) + here + " \\\n  ".join(lines)


def _flag(key: str, value: Any) -> str:
    """An engine argument as a flag with its values, for a shell."""
    name = key.replace("_", "-")
    if isinstance(value, bool):
        return f"--{'' if value else 'no-'}{name}"
    if isinstance(value, dict):
        value = json.dumps(value)
    values = value if isinstance(value, list) else [value]
    return " ".join([f"--{name}", *(shlex.quote(str(each)) for each in values)])


def request(recipe: Recipe, prompt: str, whole: bool, label_tokens: dict[str, list[int]]) -> str:
    """One request, with the prompt as the server is to read it."""
    body = {"model": recipe.model, **_prompt(recipe, prompt, whole), **body_of(recipe, label_tokens)}
    path = "completions" if whole else "chat/completions"
    return (
        f"curl {URL}/{path} -H 'Content-Type: application/json' -d @- <<'END'\n"
        f"{json.dumps(body, ensure_ascii=False)}\nEND"
    )


def _prompt(recipe: Recipe, prompt: str, whole: bool) -> dict[str, Any]:
    if whole:
        return {"prompt": prompt, "add_special_tokens": recipe.adds_special_tokens}
    system = [{"role": "system", "content": recipe.system}] if recipe.system is not None else []
    more = {"chat_template_kwargs": recipe.chat_arguments} if recipe.chat_arguments else {}
    return {"messages": [*system, {"role": "user", "content": prompt}], **more}


def body_of(recipe: Recipe, label_tokens: dict[str, list[int]]) -> dict[str, Any]:
    """What holds the answer to its limits."""
    exact, work = recipe.exact, recipe.workload
    body: dict[str, Any] = {"temperature": 0}
    if exact is None:
        body |= {"max_tokens": recipe.most[recipe.n]}
    else:
        body |= {"max_tokens": exact * recipe.n, "ignore_eos": True}
    if recipe.restricted_by == "tokens":
        body["allowed_token_ids"] = sorted(chain.from_iterable(label_tokens.values()))
    if recipe.restricted_by == "grammar":
        grammar = grammar_of(
            list(recipe.words.values()), recipe.n, work.answer, work.numbered and recipe.packs, recipe.packs
        )
        body["structured_outputs"] = {"grammar": grammar}
    return body
