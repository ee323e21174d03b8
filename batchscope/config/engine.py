"""The block ``engine``: what vLLM is started with."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt, field_validator

from batchscope.config.base_block import Block, Name, Scalar

ELSEWHERE = ("model", "load_format", "trust_remote_code", "tokenizer")
"""Engine arguments that other keys of the configuration decide."""


COMPILATION, PASSES = "compilation_config", "pass_config"

UNFUSED = {"fuse_allreduce_rms": False}
"""What `COMPILATION` says of its `PASSES` where GPUs share a model.

vLLM fuses the sum over GPUs with the norm after it. Its kernels for that want NVLink multicast, and where a
machine has that switched off, vLLM 0.26 died while it captured CUDA graphs (illegal memory access, two H200).
"""


class EngineArguments(Block):
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
    tensor_parallel_size: PositiveInt | None = Field(
        None,
        description="GPUs that share one model; above 1, extra.compilation_config.pass_config."
        "fuse_allreduce_rms is false unless it is set (docs/study.md tells why)",
    )
    attention_backend: str | None = Field(None, description="such as FLASH_ATTN")
    async_scheduling: bool | None = Field(None, description="plan the next step while one runs")
    enforce_eager: bool | None = Field(None, description="no torch.compile and no CUDA graphs")
    seed: int | None = Field(None, description="the engine's random seed")
    extra: dict[str, Any] = Field(
        default_factory=dict,
        description="any other vLLM engine argument; vLLM itself checks these, and null keeps its default",
    )

    @field_validator("extra")
    @classmethod
    def _extra_is_not_ours(cls, extra: dict[str, Any]) -> dict[str, Any]:
        refuse_own_keys(extra)
        return {key: value for key, value in extra.items() if value is not None}

    def as_vllm(self) -> dict[str, Any]:
        """Keyword arguments for ``vllm.LLM``: only what is set, ``extra`` folded in.

        With several GPUs `UNFUSED` is among them, unless ``extra`` sets that switch itself.
        """
        asked = {**self.model_dump(exclude_none=True, exclude={"extra"}), **self.extra}
        if (self.tensor_parallel_size or 1) == 1:
            return asked
        compilation = asked.get(COMPILATION, {})
        if isinstance(compilation, int):  # vLLM's short form
            compilation = {"mode": compilation}
        if not isinstance(compilation, Mapping):  # vLLM will say what is wrong with it
            return asked
        passes = {**UNFUSED, **(compilation.get(PASSES) or {})}
        return {**asked, COMPILATION: {**compilation, PASSES: passes}}


def refuse_own_keys(extra: Iterable[str]) -> None:
    """Refuse arguments under ``extra`` that have a key of their own: one thing is said in one place.

    Raises:
        ValueError: names them, in alphabetical order.
    """
    own = {*EngineArguments.model_fields, *ELSEWHERE} - {"extra"}
    if clash := sorted(own & set(extra)):
        raise ValueError(f"{', '.join(clash)}: has a key of its own; set it there, not under 'extra'")


def variable_text(value: Scalar) -> str | None:
    """An environment variable's value as the engine's process gets it; None: the variable is not set.

    Text stays as it is; true becomes 1 and false 0, as vLLM's switches are read; a number becomes its digits.
    """
    if value is None or isinstance(value, str):
        return value
    return str(int(value)) if isinstance(value, bool) else str(value)


OWN_VARIABLES = ("CUDA_DEVICE_ORDER", "CUDA_VISIBLE_DEVICES")
"""Variables that decide which GPU an engine uses: the workflow sets them to the one that it has locked."""


def _no_own_variables(variables: dict[str, str]) -> dict[str, str]:
    if clash := sorted(set(OWN_VARIABLES) & set(variables)):
        raise ValueError(
            f"{', '.join(clash)}: the workflow sets it to the GPU that it has locked; remove it here, and "
            "choose GPUs for all engines by CUDA_VISIBLE_DEVICES where you call snakemake"
        )
    return variables


def _variables_as_text(variables: Any) -> Any:
    """What is no mapping of scalars is left for pydantic to refuse."""
    if not isinstance(variables, dict):
        return variables
    return {
        name: variable_text(value) if isinstance(value, bool | int | float) else value
        for name, value in variables.items()
        if value is not None
    }


VariableName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class Engine(Block):
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
    variables: Annotated[
        dict[VariableName, str],
        BeforeValidator(_variables_as_text, json_schema_input_type=dict[VariableName, Scalar]),
        AfterValidator(_no_own_variables),
    ] = Field(
        default_factory=dict,
        description="environment variables of the engine, such as VLLM_USE_V2_MODEL_RUNNER; true and false "
        "become 1 and 0, numbers become text, null sets none",
    )


class Environment(Block):
    """An engine environment: the Python that holds vLLM, and the device that it drives."""

    python: str = Field(
        min_length=1, description="its interpreter; 'workflow' is the Python that runs Snakemake"
    )
    device: Literal["cpu", "cuda"] = Field(description="cpu or cuda")
