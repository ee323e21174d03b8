"""The configuration as a whole: its blocks, what is checked across them, and loading it.

config.yaml and config.schema.json are written from these models by ``scripts/upkeep/write_config_docs.py``.
A study becomes runs in `batchscope.studies.grid`.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import (
    Field,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from batchscope.common.errors import UserError
from batchscope.config.base_block import Block, Name, told_apart
from batchscope.config.dataset import Dataset
from batchscope.config.documented.default_studies import default_studies
from batchscope.config.engine import Engine, Environment
from batchscope.config.gemm import Gemm
from batchscope.config.imported import ImportedFile
from batchscope.config.measure import Measure
from batchscope.config.model import ModelAsset
from batchscope.config.profile import Profile
from batchscope.config.prompts import PromptTexts
from batchscope.config.reading.command_lines import check_lengths
from batchscope.config.reading.messages import explain, list_names
from batchscope.config.reading.plain_values import check_plain
from batchscope.config.serving import Serving
from batchscope.config.studies import Study
from batchscope.config.task import Task
from batchscope.config.verdict import Verdict
from batchscope.config.workload import Workload

ABOUT_STUDIES = """\
the questions; a study starts from the blocks above. null drops one

A study may set each key of 'workload', and those of 'engine' and 'measure' as engine.max_num_seqs, \
measure.repeats and so on. Any other argument of vLLM's engine is engine.extra.<argument> (with one more \
dot for each level inside it: engine.extra.compilation_config.mode), and any environment variable of the \
engine is engine.variables.<NAME>. What 'engine' above says under extra and variables still holds for all \
other names. null keeps vLLM's default, or takes the variable away. An example with both:

  chunked_prefill:
    question: Does it help to split long prompts over several engine steps?
    set: {layout: packed, n: 40, texts: 400, engine.max_num_batched_tokens: 16384}
    grid:
      engine.extra.enable_chunked_prefill: [true, false]
      engine.variables.VLLM_USE_V2_MODEL_RUNNER: [null, true]
    plot: {x: engine.extra.enable_chunked_prefill, series: engine.variables.VLLM_USE_V2_MODEL_RUNNER}
"""


class Config(Block):
    """The whole configuration."""

    title: str = Field("Labelling short texts with vLLM", description="heads the report")
    gpus: int = Field(
        0, ge=0, le=4096, description="GPUs that runs may use at the same time on one machine; 0 for CPU only"
    )
    core_sets: list[Annotated[list[NonNegativeInt], Field(min_length=1)]] = Field(
        default_factory=list,
        description="cores for engines on CPU, such as [[0, 1], [2, 3]]: each set is a device, and as many "
        "runs may go at the same time; empty: one run at a time, on all cores",
    )
    nodes: PositiveInt | None = Field(
        None,
        # no result depends on it, so it is in no file of results either
        exclude=True,
        description="nodes of a cluster, with 'gpus' each, for which `plan` predicts the queue; null: none",
    )
    dataset: Dataset = Field(default_factory=Dataset, description="where the texts come from")
    task: Task = Field(default_factory=Task, description="what the texts are labelled with")
    models: dict[Name, ModelAsset] = Field(
        default_factory=lambda: {"demo": ModelAsset(source="demo")},
        description="models that runs can name",
    )
    environments: dict[Name, Environment] = Field(
        default_factory=lambda: {
            "cpu": Environment(python=".engines/cpu/bin/python", device="cpu"),
            "cuda": Environment(python=".engines/cuda/bin/python", device="cuda"),
        },
        description="engine environments; `make env ENGINE=cpu` (or cuda) makes the two below",
    )
    prompts: PromptTexts = Field(default_factory=PromptTexts, description="the wording of the prompts")
    engine: Engine = Field(default_factory=Engine, description="the engine configuration of every run")
    workload: Workload = Field(default_factory=Workload, description="the workload of every run")
    measure: Measure = Field(default_factory=Measure, description="how a run is measured")
    profile: Profile = Field(
        default_factory=Profile, description="what `snakemake --cores 1 profile` looks into"
    )
    serving: Serving = Field(
        default_factory=Serving, description="what is asked of vLLM's server, and how it gets its requests"
    )
    gemm: Gemm = Field(default_factory=Gemm, description="matrix products on their own, dense and 2:4")
    verdict: Verdict = Field(
        default_factory=Verdict, description="what a setting must keep to be recommended for its speed"
    )
    imported: dict[Name, ImportedFile | None] = Field(
        default_factory=dict,
        description="result files of other benchmarks, to stand beside ours, such as "
        "{theirs: {path: results.json}}",
    )
    compare_environments: bool = Field(
        False, description="compare runs from different environments too; the sentences then say so"
    )
    studies: dict[Name, Study | None] = Field(
        default_factory=default_studies,
        description=ABOUT_STUDIES,
    )

    @field_validator("studies", "models", "environments", "imported")
    @classmethod
    def _names_differ(cls, entries: dict[str, Any]) -> dict[str, Any]:
        told_apart([name for name, entry in entries.items() if entry is not None])
        return entries

    @field_validator("core_sets")
    @classmethod
    def _sets_differ(cls, sets: list[list[int]]) -> list[list[int]]:
        cores = [core for each in sets for core in each]
        if twice := sorted({core for core in cores if cores.count(core) > 1}):
            raise ValueError(f"core {twice[0]} stands there twice; a core belongs to one set")
        return sets

    @field_validator("imported")
    @classmethod
    def _models_are_there(cls, files: dict[str, ImportedFile | None], info: ValidationInfo) -> Any:
        models = info.data.get("models", {})
        for name, file in files.items():
            if file and file.model and file.model not in models:
                raise ValueError(f"{name}.model: no model '{file.model}'; {list_names(file.model, models)}")
        return files

    @field_validator("gemm")
    @classmethod
    def _products_are_of_known_names(cls, gemm: Gemm, info: ValidationInfo) -> Gemm:
        known = {"models": info.data.get("models", {}), "environments": info.data.get("environments", {})}
        named = [("models", name) for name in gemm.models]
        named += [("environments", gemm.environment)] if gemm.environment else []
        for block, name in named:
            if name not in known[block]:
                key = "models" if block == "models" else "environment"
                raise ValueError(f"{key}: no '{name}' under {block}; {list_names(name, known[block])}")
        return gemm

    @property
    def gemm_models(self) -> list[str]:
        """Models whose matrix products are timed on their own."""
        return self.gemm.models

    @property
    def active_studies(self) -> dict[str, Study]:
        """Studies that are not dropped with ``null``, in the order of the file."""
        return {name: study for name, study in self.studies.items() if study is not None}

    @property
    def active_imports(self) -> dict[str, ImportedFile]:
        """Files to import that are not dropped with ``null``, in the order of the file."""
        return {name: file for name, file in self.imported.items() if file is not None}


def load_config(values: Mapping[str, Any]) -> Config:
    """Check a merged configuration.

    Raises:
        UserError: one line per wrong key, with its dotted path and what would be right.
    """
    check_plain(values)
    try:
        config = Config.model_validate(values)
    except ValidationError as error:
        raise UserError(explain(error, Config.model_json_schema())) from None
    check_lengths(config.model_dump(mode="json"))
    return config
