"""A prompt set's specification: one JSON value that holds all that decides its prompts."""

from collections.abc import Iterable, Mapping
from typing import Any

from batchscope.config.configuration import Config
from batchscope.config.workload import Workload
from batchscope.studies.run import PromptSet, Run

CONTEXT_KEYS = ("max_model_len", "hf_overrides", "disable_sliding_window")
"""Engine arguments that decide how long a prompt may be."""

ANSWER_KEYS = ("answer", "numbered", "output_tokens_per_text")
"""Keys of the workload that decide how long its answer may be."""


def prompt_spec(wanted: PromptSet, runs: Iterable[Run], config: Config) -> dict[str, Any]:
    """All that decides a set of prompts, and nothing else; a change here makes it stale.

    Args:
        wanted: the prompt set.
        runs: all runs of the configuration; what those that submit the set say of the context is part of it.
        config: the configuration, for the wording and the task.

    Returns:
        ``prompts``: the set; ``texts``: the keys of the block 'prompts' that it uses; ``task``: what it uses
        of the block 'task'; ``engines``: what decides the context of its runs, without repetitions, and
        where runs are to fit, the length of their answers (`room_of`).
    """
    engines: list[dict[str, Any]] = []
    for run in runs:
        arguments = run.engine.args.as_vllm()
        asked = room_of(run.workload, arguments) if wanted.fit else context_of(arguments)
        if run.prompts == wanted and asked not in engines:
            engines.append(asked)
    made = config.prompts.around(wanted.layout, wanted.instruction) is None
    keys = config.prompts.keys_used(wanted.layout, wanted.instruction)
    return {
        "prompts": vars(wanted),
        "texts": config.prompts.model_dump(include=keys),
        # A wording that is given says all; the names are for the tokens that stand for labels.
        "task": config.task.model_dump() if made else {"labels": list(config.task.names)},
        "engines": sorted(engines, key=repr),
    }


def context_of(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Those of vLLM's engine arguments that decide the context."""
    return {key: arguments[key] for key in CONTEXT_KEYS if key in arguments}


def room_of(workload: Workload, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """All that decides, for one model and given texts, which n fits: context, and length of the answers."""
    answer = workload.model_dump(include=set(ANSWER_KEYS))
    return {**context_of(arguments), "workload": {"layout": workload.layout, **answer}}
