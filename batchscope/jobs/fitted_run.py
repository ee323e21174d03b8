"""A run that is fitted to its texts and its model (``workload.fit``): what is measured, or why nothing is."""

from collections.abc import Mapping
from typing import Any

from batchscope.common.answer_limits import AskedAnswers
from batchscope.common.canonical_json import canonical_json
from batchscope.config.prompts import LAYOUTS
from batchscope.config.workload import Workload
from batchscope.studies.prompt_spec import room_of


def fitted_spec(spec: dict[str, Any], prompts: Mapping[str, Any]) -> dict[str, Any]:
    """A run's specification with as many texts as its prompts hold; one that is not to fit is as it was.

    Args:
        spec: the run's.
        prompts: prompts.json.
    """
    workload = dict(spec["workload"])
    if not workload.pop("fit", False):
        return spec
    asked = Workload.model_validate(workload)
    # A run that its n leaves no texts for keeps that n: it is what it would have taken.
    least = asked.n if LAYOUTS[asked.layout].packs else 1
    return {**spec, "workload": {**workload, "texts": max(prompts["texts"], least)}}


def why_unfit(
    spec: Mapping[str, Any], prompts: Mapping[str, Any], answers: AskedAnswers, context: int
) -> str | None:
    """Why a run that is to fit cannot be, and which n could; None where it can, or is not to fit.

    Args:
        spec: the run's, as its rule has it.
        prompts: prompts.json.
        answers: what the run asks for.
        context: tokens that prompt and answer may have together.
    """
    if not spec["workload"].get("fit"):
        return None
    there, longest = prompts["texts"], prompts["longest_prompt"]
    needed = longest["tokens"] + answers.limits[longest["n"]].most
    if there < prompts["n"]:
        problem = f"a prompt takes {prompts['n']:,} texts, and there are {there:,}"
    elif needed > context:
        problem = (
            f"prompt {longest['id']} needs {needed:,} tokens with its answer, and the context is {context:,}"
        )
    else:
        return None
    room = room_of(Workload.model_validate(spec["workload"]), spec["engine"]["args"])
    largest = prompts["largest_n"][canonical_json(room)]
    return (
        f"{problem}; {f'the largest n that fits is {largest:,}' if largest > 1 else 'no packed prompt fits'}"
    )
