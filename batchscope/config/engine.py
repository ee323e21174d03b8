"""The block ``engine``: what vLLM is started with."""

from typing import Any, Literal

from pydantic import Field, PositiveInt, field_validator

from batchscope.config.block import Name, Section


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
