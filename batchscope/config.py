"""The configuration: typed, closed to unknown keys, checked across fields.

``config.yaml`` (the documented default) and ``config.schema.json`` are generated from these models by
``scripts/write_config_docs.py``; a test fails when they drift. A study becomes runs in `batchscope.runs`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    PositiveFloat,
    PositiveInt,
    ValidationError,
    field_validator,
    model_validator,
)

from batchscope.config_errors import explain
from batchscope.errors import UserError
from batchscope.section import Name, Section
from batchscope.serving.config import Serving
from batchscope.stats import ENOUGH
from batchscope.studies import Study, default_studies

RunId = Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")]


class GeneratedDataset(Section):
    """Reviews of IMDB's length and style from a seeded generator; nothing to download."""

    reviews: PositiveInt = Field(4000, le=1_000_000, description="how many reviews to write")
    seed: int = Field(0, ge=0, description="same seed, same reviews")


class CsvDataset(Section):
    """A CSV file or URL with one review and its label per row, in the order that counts."""

    path: str = Field("data/IMDB Dataset.csv", min_length=1, description="file, or http(s) URL")
    sha256: str | None = Field(None, pattern="^[0-9a-f]{64}$", description="checksum to insist on")
    review_column: str = Field("review", description="column with the text")
    label_column: str = Field("sentiment", description="column with the label: positive or negative")


class ImdbDataset(Section):
    """The official Large Movie Review Dataset archive (50,000 labelled reviews)."""

    url: str = Field(
        "https://ai.stanford.edu/~amaas/data/sentiment/aclImdb_v1.tar.gz",
        pattern="^https?://",
        description="where the archive lies",
    )
    md5: str = Field("7c2ac02c03563afcf9b574c7e56c153a", pattern="^[0-9a-f]{32}$", description="its checksum")


class Dataset(Section):
    """Where the reviews come from."""

    source: Literal["generated", "csv", "imdb"] = Field(
        "generated", description="which of the blocks below is used: generated, csv or imdb"
    )
    deduplicate: bool = Field(
        False, description="drop later copies of a review; copies are counted and reported either way"
    )
    generated: GeneratedDataset = Field(default_factory=GeneratedDataset)
    csv: CsvDataset = Field(default_factory=CsvDataset)
    imdb: ImdbDataset = Field(default_factory=ImdbDataset)


class ModelAsset(Section):
    """A model that runs can name: from the hub, from a folder, or the demo's tiny Llama."""

    source: Literal["demo", "hub", "local"] = Field("hub", description="demo, hub or local")
    id: str | None = Field(
        None, description="hub: the repository, such as NousResearch/Hermes-3-Llama-3.1-8B"
    )
    revision: str = Field("main", description="hub: branch, tag or commit")
    path: str | None = Field(None, description="local: a folder with config.json and tokenizer.json")
    load_format: str = Field(
        "auto",
        description="auto loads the weights (demo: trains them first); dummy makes random ones: "
        "same speed, labels mean nothing",
    )
    trust_remote_code: bool = Field(False, description="run code that the model's repository brings")

    @model_validator(mode="after")
    def _source_has_its_key(self) -> "ModelAsset":
        needed = {"hub": "id", "local": "path"}.get(self.source)
        if needed and not getattr(self, needed):
            raise ValueError(f"source: {self.source} needs the key '{needed}'")
        return self


class Environment(Section):
    """An engine environment: the Python that holds vLLM, and the device that it drives."""

    python: str = Field(
        min_length=1, description="its interpreter; 'workflow' is the Python that runs Snakemake"
    )
    device: Literal["cpu", "cuda"] = Field(description="cpu or cuda")


class PromptTexts(Section):
    """The wording of the prompts; the defaults are the published study's, its spelling included."""

    packed: str = Field(
        "{reviews}\n For each line of the above comments, determine whether it is a positive or negative "
        "comment. Answer only postive or negative:\n",
        description="one prompt of n reviews; {reviews} is where they go",
    )
    separate: str = Field(
        "{review}\n For the above comment, determine whether it is a positive or negative comment. "
        "Answer only postive or negative:\n",
        description="one prompt of one review; {review} is where it goes",
    )
    packed_first: str = Field(
        "For each line of the below comments, determine whether it is a positive or negative comment. "
        "Answer only postive or negative:\n{reviews}\n",
        description="packed, where a workload has its instruction first",
    )
    separate_first: str = Field(
        "For the below comment, determine whether it is a positive or negative comment. "
        "Answer only postive or negative:\n{review}\n",
        description="separate, where a workload has its instruction first",
    )
    separator: str = Field("\n", description="what stands between two reviews of a packed prompt")

    @model_validator(mode="after")
    def _placeholder_stands_once(self) -> "PromptTexts":
        for key in ("packed", "separate", "packed_first", "separate_first"):
            mark = _placeholder(key)
            if (found := getattr(self, key).count(mark)) != 1:
                raise ValueError(f"'{key}' must hold {mark} exactly once; it stands there {found} times")
        return self

    def around(self, layout: str, instruction: str) -> tuple[str, str]:
        """What stands before and after the reviews of a prompt whose instruction is ``last`` or ``first``."""
        key = layout if instruction == "last" else f"{layout}_first"
        before, after = getattr(self, key).split(_placeholder(key))
        return before, after


def _placeholder(key: str) -> str:
    return "{reviews}" if key.startswith("packed") else "{review}"


class EngineArguments(Section):
    """vLLM engine arguments under vLLM's own names; null keeps vLLM's default."""

    max_model_len: PositiveInt | None = Field(None, description="longest prompt plus output, in tokens")
    max_num_batched_tokens: PositiveInt | None = Field(None, description="most tokens in one engine step")
    max_num_seqs: PositiveInt | None = Field(None, description="most requests in one engine step")
    enable_prefix_caching: bool | None = Field(
        None,
        description="reuse the KV of equal prompt starts; off, so that nothing is served from cache unasked "
        "(a workload with reuse: text or full turns it on)",
    )
    gpu_memory_utilization: float | None = Field(
        None, gt=0, le=1, description="share of GPU memory that the engine takes"
    )
    kv_cache_memory_bytes: PositiveInt | None = Field(
        None, description="size of the KV cache; always set it on CPU, where vLLM would take most of the RAM"
    )
    block_size: PositiveInt | None = Field(None, description="tokens in one KV cache block")
    dtype: Literal["auto", "bfloat16", "float16", "float32"] | None = Field(
        None, description="weights and activations"
    )
    quantization: str | None = Field(None, description="such as fp8")
    kv_cache_dtype: str | None = Field(None, description="such as fp8")
    tensor_parallel_size: PositiveInt | None = Field(None, description="GPUs that share one model")
    attention_backend: str | None = Field(None, description="such as FLASH_ATTN")
    async_scheduling: bool | None = Field(None, description="plan the next step while one runs")
    enforce_eager: bool | None = Field(None, description="no torch.compile and no CUDA graphs")
    seed: int | None = Field(None, description="the engine's random seed")
    extra: dict[str, Any] = Field(
        default_factory=dict, description="any other vLLM engine argument; vLLM itself checks these"
    )

    @field_validator("extra")
    @classmethod
    def _extra_is_not_ours(cls, extra: dict[str, Any]) -> dict[str, Any]:
        reserved = (set(cls.model_fields) | {"model", "load_format", "trust_remote_code", "tokenizer"}) - {
            "extra"
        }
        if clash := sorted(reserved & set(extra)):
            raise ValueError(f"{', '.join(clash)}: has a key of its own; set it there, not under 'extra'")
        return extra

    def as_vllm(self) -> dict[str, Any]:
        """Keyword arguments for ``vllm.LLM``: only what is set, ``extra`` folded in."""
        own = self.model_dump(exclude_none=True, exclude={"extra"})
        return {**own, **{key: value for key, value in self.extra.items() if value is not None}}


class Engine(Section):
    """An engine configuration: what vLLM is started with."""

    model: Name = Field("demo", description="a name under 'models'")
    environment: Name = Field("cpu", description="a name under 'environments'")
    args: EngineArguments = Field(
        default_factory=lambda: EngineArguments(
            max_num_batched_tokens=4096,
            enable_prefix_caching=False,
            kv_cache_memory_bytes=256 << 20,
            # vLLM's own choice is 128 tokens on CPU and 16 on GPU: small blocks show what prompts can share
            block_size=32,
            # on a processor without AVX-512, bfloat16 took twice as long: oneDNN has no such product there
            dtype="float32",
            enforce_eager=True,
            seed=0,
        )
    )
    variables: dict[str, str] = Field(
        default_factory=dict,
        description="environment variables of the engine, such as VLLM_USE_V2_MODEL_RUNNER",
    )


class Workload(Section):
    """Which prompts a run submits."""

    layout: Literal["packed", "separate"] = Field(
        "packed", description="packed: n reviews in one prompt; separate: one review a prompt"
    )
    n: PositiveInt = Field(4, description="reviews in one packed prompt")
    reviews: PositiveInt | None = Field(None, description="reviews in all, from the first on; null means n")
    duplicates: PositiveInt = Field(1, description="how often every prompt is submitted in one pass")
    reuse: Literal["none", "text", "full"] = Field(
        "none",
        description="what the prefix cache may serve. none: nothing; text: the reviews that duplicates "
        "share; full: whatever prompts share",
    )
    instruction: Literal["last", "first"] = Field(
        "last", description="whether the instruction stands after the reviews, as published, or before them"
    )
    output_tokens_per_review: PositiveInt = Field(1, description="tokens decoded for each review")
    decoding: Literal["free", "labels"] = Field(
        "free", description="free: any token, as published; labels: only tokens that stand for a label"
    )

    @property
    def total_reviews(self) -> int:
        """Reviews in one pass, duplicates not counted."""
        return self.reviews or self.n

    @model_validator(mode="after")
    def _fits_together(self) -> "Workload":
        if self.layout == "packed" and self.n == 1:
            raise ValueError("n: a packed prompt holds at least 2 reviews; for n = 1 set layout: separate")
        if self.layout == "packed" and self.total_reviews < self.n:
            raise ValueError(f"reviews: {self.reviews} is less than n: {self.n}; raise reviews or lower n")
        if self.reuse == "text" and self.instruction == "first":
            raise ValueError(
                "reuse: text needs instruction: last; a text behind an instruction that differs is never "
                "found in a prefix cache"
            )
        return self


class Measure(Section):
    """How a run is measured."""

    warmup_tokens: int = Field(
        16384, ge=0, description="prompt tokens submitted before the clock starts, discarded; 0: no warm-up"
    )
    repeats: PositiveInt = Field(3, le=1000, description="timed passes of a run, at least")
    precision: float | None = Field(
        0.02,
        ge=0,
        lt=1,
        description="go on until the mean is known within this share; null: exactly 'repeats'",
    )
    max_repeats: PositiveInt = Field(10, le=100, description="most passes of a run that does not get precise")
    repeat_budget_s: PositiveFloat | None = Field(
        20, description="no pass beyond 'repeats' starts once all took so many seconds; null: no limit"
    )
    timeout_s: PositiveInt = Field(
        3600, description="a run that takes longer is stopped, and shown as timed out"
    )
    engine_reuse: bool = Field(
        True, description="runs with one engine configuration share one engine start; false: an engine each"
    )
    telemetry: bool = Field(
        True,
        description="record every engine step and the hardware's state; "
        "false only to measure what that costs",
    )

    @property
    def stops_by_precision(self) -> bool:
        """Whether the number of passes depends on what was measured."""
        return bool(self.precision) and self.max_repeats > self.repeats

    @model_validator(mode="after")
    def _an_interval_needs_repeats(self) -> "Measure":
        if self.stops_by_precision and self.repeats < ENOUGH:
            raise ValueError(
                f"repeats: {self.repeats} is too few to know how precise a run is; "
                f"raise it to {ENOUGH} or more, or set precision: null"
            )
        return self


class Profile(Section):
    """Which runs `snakemake profile` looks into, and with what; no profiled pass is in a table of timings."""

    runs: list[RunId] | None = Field(
        None,
        description="study/run, such as saturation/packed-n4; null: saturation/packed-n4 and "
        "saturation/separate-n1, those that there are",
    )
    profilers: list[Literal["torch", "nsys", "memory"]] = Field(
        ["torch"],
        min_length=1,
        description="torch (PyTorch's), nsys (Nsight Systems, to be installed), memory (what takes the "
        "device's memory); any of them",
    )
    steps: PositiveInt = Field(4, le=100, description="engine steps looked into")
    at: float = Field(
        0.5,
        ge=0,
        le=1,
        description="where in a pass they lie, as a share of the time that the cost model predicts for it; "
        "the last steps decode only",
    )
    timeout_s: PositiveInt = Field(300, description="a capture that takes longer is stopped")


class Config(Section):
    """The whole configuration."""

    title: str = Field("Labelling short texts with vLLM", description="heads the report")
    gpus: int = Field(
        0, ge=0, description="GPUs that runs may use at the same time on one machine; 0 for CPU only"
    )
    nodes: PositiveInt | None = Field(
        None,
        # no result depends on it, so it is in no file of results either
        exclude=True,
        description="nodes of a cluster, with 'gpus' each, for which `plan` predicts the queue; null: none",
    )
    dataset: Dataset = Field(default_factory=Dataset, description="where the reviews come from")
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
    compare_environments: bool = Field(
        False, description="compare runs from different environments too; the sentences then say so"
    )
    studies: dict[Name, Study | None] = Field(
        default_factory=default_studies,
        description="the questions; a study starts from the blocks above. null drops one",
    )

    @field_validator("studies")
    @classmethod
    def _names_are_free(cls, studies: dict[str, Study | None]) -> dict[str, Study | None]:
        if clash := sorted(
            {"runs", "repeats", "summary", "labels", "cost", "profiles", "memory"} & set(studies)
        ):
            raise ValueError(f"'{clash[0]}' is the name of a table of its own; rename the study")
        if like := [name for name in studies if name.startswith("serving_")]:
            raise ValueError(f"'{like[0]}' is how tables of serving.studies are named; rename the study")
        return studies

    @property
    def active_studies(self) -> dict[str, Study]:
        """Studies that are not dropped with ``null``, in the order of the file."""
        return {name: study for name, study in self.studies.items() if study is not None}


def load_config(values: Mapping[str, Any]) -> Config:
    """Check a merged configuration.

    Raises:
        UserError: one line per wrong key, with its dotted path and what would be right.
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise UserError(explain(error, Config.model_json_schema())) from None
