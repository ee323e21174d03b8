"""One prompt of each layout as the model gets it, for the plan."""

from collections.abc import Iterable
from pathlib import Path

from batchscope.common.atomic_files import read_json
from batchscope.studies.run import Run


def shown_prompts(runs: Iterable[Run], results: Path) -> dict[str, str]:
    """The prompt that prompts.json shows, by the name of its set: of the first set of each layout and model.

    Sets that are not made yet, or were made by a version that showed none, are left out.
    """
    shown: dict[tuple[str, str], tuple[str, str]] = {}
    for run in runs:
        wanted = run.prompts
        made = read_json(results / "prompts" / wanted.id / "prompts.json") or {}
        if (wanted.model, wanted.layout) not in shown and (example := made.get("example")):
            shown[wanted.model, wanted.layout] = (wanted.id, example)
    return dict(shown.values())


def describe_prompts(shown: dict[str, str]) -> str:
    """Each prompt under its set's name, indented; a hint where there are none."""
    if not shown:
        return (
            "No prompts are made yet: `snakemake --cores 1 prepare` makes them, and the plan then shows some."
        )
    parts = []
    for name, prompt in shown.items():
        lines = "\n".join(f"    {line}" for line in prompt.splitlines())
        parts.append(f"a prompt of {name}, control tokens included:\n{lines}")
    return "\n\n".join(parts)
