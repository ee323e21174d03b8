"""Configurations of models, with the context that vLLM gives each; tests/engine holds these numbers against vLLM."""

from typing import Any

LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_size": 64, "intermediate_size": 128,
    "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32, "vocab_size": 1024,
    "torch_dtype": "bfloat16",
}  # fmt: skip
LONG = {**LLAMA, "max_position_embeddings": 4096}
GPT2 = {"architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "n_embd": 64, "n_layer": 2, "n_head": 2}
GEMMA = {
    "architectures": ["Gemma3ForCausalLM"], "model_type": "gemma3_text", "hidden_size": 64, "intermediate_size": 128,
    "num_hidden_layers": 6, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32, "vocab_size": 1024,
    "sliding_window": 512,
}  # fmt: skip
PHI = {
    **LONG,
    "architectures": ["Phi3ForCausalLM"],
    "model_type": "phi3",
    "original_max_position_embeddings": 1024,
}
FACTORS = [1.0] * 16


def scaled(kind: str, factor: float, key: str = "rope_type", **more: Any) -> dict[str, Any]:
    """A Llama with this scaling of its rotary embedding."""
    return {**LONG, "rope_scaling": {key: kind, "factor": factor, **more}}


CONTEXTS: dict[str, tuple[dict[str, Any], dict[str, Any], int]] = {
    "said": (LONG, {}, 4096),
    "left out": (LLAMA, {}, 2048),
    "gpt2 says it by another name": ({**GPT2, "n_positions": 512}, {}, 512),
    "gpt2 leaves it out": (GPT2, {}, 1024),
    "gemma leaves it out": (GEMMA, {}, 131_072),
    "mistral leaves it out": (
        {**LLAMA, "architectures": ["MistralForCausalLM"], "model_type": "mistral"},
        {},
        131_072,
    ),
    "two keys": ({**LONG, "max_seq_len": 1000}, {}, 1000),
    "model_max_length wins": ({**LONG, "model_max_length": 8000}, {}, 8000),
    "linear scaling": (scaled("linear", 4.0), {}, 16_384),
    "linear scaling, the older key": (scaled("linear", 2.0, key="type"), {}, 8192),
    "dynamic scaling": (scaled("dynamic", 2.0), {}, 8192),
    "yarn": (scaled("yarn", 4.0, original_max_position_embeddings=1024), {}, 4096),
    "llama3": (
        scaled(
            "llama3", 8.0, original_max_position_embeddings=1024, low_freq_factor=1.0, high_freq_factor=4.0
        ),
        {},
        4096,
    ),
    "longrope": (
        {**PHI, "rope_scaling": {"type": "longrope", "short_factor": FACTORS, "long_factor": FACTORS}},
        {},
        1024,
    ),
    "max_model_len": (LONG, {"max_model_len": 1000}, 1000),
    "an override": (LONG, {"hf_overrides": {"max_position_embeddings": 512}}, 512),
    "an override of the scaling": (
        LONG,
        {"hf_overrides": {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 10000.0}}},
        8192,
    ),
    "a window that is switched off": (
        {**LONG, "architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": 128},
        {"disable_sliding_window": True},
        128,
    ),
    "a window": (
        {**LONG, "architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": 128},
        {},
        4096,
    ),
}
"""For each case: config.json, arguments of the engine, and tokens."""
