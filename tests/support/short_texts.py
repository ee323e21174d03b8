"""A sweep over a small file of texts and a model whose context is chosen: what runs have room for."""

import csv
import json
from collections.abc import Mapping, Sequence
from contextlib import chdir
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from snakemake.utils import update_config
from support.label_answers import label_tokenizer
from support.studies import DEFAULT

from batchscope.config.configuration import Config, load_config
from batchscope.planning.prompt_fit import PromptFit, prompt_fit
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.run import Run


def write_model(folder: Path, context: int) -> None:
    """A model folder without weights."""
    folder.mkdir(parents=True, exist_ok=True)
    label_tokenizer().save(str(folder / "tokenizer.json"))
    config = {"model_type": "llama", "max_position_embeddings": context}
    (folder / "config.json").write_text(json.dumps(config))


def write_texts(path: Path, texts: Sequence[str], labels: Sequence[str] = ("good", "bad")) -> None:
    """A CSV file; labels take turns."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["text", "label"])
        writer.writerows((text, labels[number % len(labels)]) for number, text in enumerate(texts))


@dataclass
class Sweep:
    """A folder with texts.csv and a model, and a configuration that changes step by step."""

    folder: Path
    values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        serving = dict.fromkeys(DEFAULT.serving.studies)
        self.overlay(
            dataset={"source": "file", "file": {"path": "texts.csv"}},
            task={"labels": ["good", "bad"]},
            models={"mine": {"source": "local", "path": "my-model", "load_format": "dummy"}},
            engine={"model": "mine"},
            serving={"studies": serving},
            studies=dict.fromkeys(DEFAULT.studies),
        )

    def overlay(self, **values: Any) -> "Sweep":
        """Lay something over the configuration, as a user's next file would."""
        update_config(self.values, deepcopy(values))
        return self

    @property
    def config(self) -> Config:
        return load_config(self.values)

    @property
    def runs(self) -> list[Run]:
        return [*expand_studies(self.config), *expand_serving(self.config)]

    def look(self) -> PromptFit:
        """What the plan finds, from inside the folder."""
        with chdir(self.folder):
            return prompt_fit(self.config, self.runs, Path("results"))


def sweep(folder: Path, texts: Sequence[str], context: int, **studies: Mapping[str, Any]) -> Sweep:
    """A sweep of these studies over these texts."""
    write_texts(folder / "texts.csv", texts)
    write_model(folder / "my-model", context)
    return Sweep(folder).overlay(studies=studies)
