"""What is to be copied: the setting as a Python script, as a server's command, and one prompt."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import read_json
from batchscope.config.configuration import Config
from batchscope.config.model import ModelAsset
from batchscope.config.prompts import LAYOUTS
from batchscope.config.workload import Workload
from batchscope.inputs.answers.grammar import written
from batchscope.inputs.answers.reader import spelled
from batchscope.inputs.texts.source_text import read_source_texts
from batchscope.inputs.wording import Shown, Wording, render, wording_for
from batchscope.results.metrics.label_quality import random_weights
from batchscope.studies.run import Run


@dataclass(frozen=True)
class Recipe:
    """All that decides what the engine is asked, apart from the texts."""

    title: str
    """``study/run``"""
    model: str
    """the hub's repository, or a folder"""
    folder: bool
    """whether the model is a folder, which only the machine that measured has for sure"""
    revision: str | None
    device: str
    python: str
    """path of the engine environment's Python"""
    args: dict[str, Any]
    """engine arguments beside the model; random weights are not asked for again"""
    variables: dict[str, str]
    workload: Workload
    n: int
    """texts in one prompt"""
    packs: bool
    wording: Wording
    chat: bool
    """whether the prompt is a message in the model's chat template"""
    system: str | None
    chat_arguments: dict[str, Any]
    adds_special_tokens: bool
    words: dict[str, str]
    """what stands for each label in an answer, by the label"""
    spellings: dict[str, str]
    """the label of each word that may stand for it, in small letters"""
    most: dict[int, int]
    """most output tokens by texts in a prompt; empty where `exact` says how many there are"""
    restricted_by: str | None
    """``tokens``, ``grammar``; None: any answer"""
    random: bool
    """whether the weights were random"""

    @property
    def exact(self) -> int | None:
        """Output tokens for each text where their number is fixed; None: the model ends its answer."""
        if self.restricted_by == "tokens":
            return 1
        return None if self.restricted_by or self.most else self.workload.planned_tokens_per_text


def recipe_of(run: Run, config: Config, folder: Path, results: str) -> Recipe:
    """The recipe of a run.

    Args:
        run: as the configuration has it.
        config: the configuration.
        folder: of its measurement.
        results: the folder of results, as a command names it.
    """
    measured = read_json(folder / "measurement.json") or {}
    prompts, answers = measured.get("prompts", {}), measured.get("answers", [])
    asset, workload = config.models[run.engine.model], run.workload
    chat = bool(prompts.get("chat", False))
    environment = config.environments[run.engine.environment]
    restricted = next((each["restricted_by"] for each in answers), _first_restriction(workload))
    exact = all(each["least"] == each["most"] for each in answers)
    return Recipe(
        title=run.id,
        model=model_path(run.engine.model, asset, results),
        folder=bool(asset.pattern) or asset.source != "hub",
        revision=asset.revision if asset.source == "hub" and asset.revision != "main" else None,
        device=environment.device,
        python="python" if environment.python == "workflow" else environment.python,
        args=_arguments(run, asset),
        variables=run.engine.variables,
        workload=workload,
        n=run.prompts.n,
        packs=LAYOUTS[workload.layout].packs,
        wording=wording_for(run.prompts, config.prompts, config.task, chat=chat),
        chat=chat,
        system=config.prompts.system,
        chat_arguments=config.prompts.chat_template_kwargs,
        adds_special_tokens=bool(prompts.get("adds_special_tokens", not chat)),
        words=spelled(config.task, workload.answer),
        spellings=_spellings(config, workload),
        most={} if exact else {int(each["n"]): int(each["most"]) for each in answers},
        restricted_by=restricted,
        random=random_weights(asset.load_format),
    )


def model_path(name: str, asset: ModelAsset, results: str) -> str:
    """What vLLM is given to load: the hub's repository, a folder, or weights made here."""
    if asset.pattern or asset.source == "demo":
        return f"{results}/models/{name}"
    return str(asset.id if asset.source == "hub" else asset.path)


def _arguments(run: Run, asset: ModelAsset) -> dict[str, Any]:
    """Engine arguments, the model's own among them.

    Not that weights be random: whoever copies a setting wants labels, and its speed is that of any weights.
    """
    own: dict[str, Any] = {"trust_remote_code": True} if asset.trust_remote_code else {}
    if asset.load_format != "auto" and not random_weights(asset.load_format):
        own["load_format"] = asset.load_format
    return {**own, **run.engine.args.as_vllm()}


def _first_restriction(workload: Workload) -> str | None:
    """Of a measurement from before it was written down."""
    return "tokens" if workload.answer == "labels" else None


def _spellings(config: Config, workload: Workload) -> dict[str, str]:
    """The label of each word, as an answer may have it."""
    if workload.answer == "codes":
        return {code.lower(): name for name, code in spelled(config.task, "codes").items()}
    return {word.lower(): label.name for label in config.task.labels for word in label.words}


def literals(recipe: Recipe) -> list[str]:
    """The labels' words as a grammar's literals have them."""
    return written(list(recipe.words.values()), recipe.workload.answer)


def example_prompt(recipe: Recipe, run: Run, results: Path) -> str:
    """One prompt as the model gets it, with texts of the user's own, or with marks where there are none.

    Where the prompts were made it is the first of them, in the model's chat template if it has one.
    """
    file = results / "prompts" / run.prompts.id / "texts.jsonl"
    if file.exists():
        import json

        with file.open(encoding="utf-8") as lines:
            return str(json.loads(lines.readline()))
    data = results / "data" / "texts.csv"
    if data.exists():
        texts = [Shown(text.content) for text in read_source_texts(data)[: recipe.n]]
    else:
        texts = [Shown(f"<text {number}>") for number in range(1, recipe.n + 1)]
    return render(list(enumerate(texts)), recipe.wording)
