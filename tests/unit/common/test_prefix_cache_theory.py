"""What vLLM's prefix cache serves in theory; the real engine's count is compared in tests/engine."""

from types import SimpleNamespace

import pytest
from transformers import AutoConfig

from batchscope.common.prefix_cache_theory import served_tokens, why_silent


@pytest.mark.parametrize(
    ("prompts", "expected"),
    [
        ([[1, 2, 3, 4, 5], [1, 2, 3, 4, 5]], [0, 4]),
        ([[1, 2, 3, 4], [1, 2, 3, 4]], [0, 2]),  # the last token is never served, nor is its block
        ([[1, 2, 3, 4, 5], [1, 2, 9, 4, 5], [1, 2, 9, 4, 6]], [0, 2, 4]),
        ([[9, 1, 2, 3, 4], [1, 2, 3, 4, 5]], [0, 0]),  # blocks count from a prompt's start
        ([[1, 2, 5, 6, 7], [3, 4, 5, 6, 7]], [0, 0]),  # a block is known with all blocks before it
        ([[1], [1], []], [0, 0, 0]),
        ([], []),
    ],
)
def test_full_blocks_from_the_start_are_served(prompts: list[list[int]], expected: list[int]) -> None:
    assert served_tokens(prompts, 2) == expected


@pytest.mark.parametrize("block_size", [1, 16, 128])
def test_a_copy_is_served_but_for_its_last_block(block_size: int) -> None:
    prompt = list(range(300))
    first, copy = served_tokens([prompt, prompt], block_size)
    assert (first, copy) == (0, 299 // block_size * block_size)


def test_a_prompt_of_whole_blocks_computes_its_last_one():
    prompt = list(range(257))
    assert served_tokens([prompt, prompt], 16) == [0, 256]
    assert served_tokens([prompt[:256]] * 2, 16) == [0, 240], "a prompt of whole blocks computes its last one"
    assert served_tokens([prompt[:256]] * 2, 128) == [0, 128]
    assert served_tokens([prompt[:100]] * 2, 128) == [0, 0], "less than a block is not cached"


def test_a_block_counts_only_behind_the_same_start():
    head, tail = [1] * 16, [2] * 16
    assert served_tokens([head + tail, tail + head, [*head, *tail, 3], [*head, 4, *tail]], 16) == [
        0,
        0,
        32,
        16,
    ]


@pytest.mark.parametrize(
    ("config", "why"),
    [
        ({"model_type": "llama"}, None),
        ({"sliding_window": None, "layer_types": None}, None),
        ({"sliding_window": 4096, "use_sliding_window": False}, None),
        ({"layer_types": ["full_attention"] * 4, "sliding_window": 4096}, None),
        ({"sliding_window": 128}, "a sliding window of 128 tokens"),
        (
            {"layer_types": ["sliding_attention", "full_attention"], "sliding_window": 512},
            "layers of the kinds sliding_attention, full_attention",
        ),
        ({"layer_types": ["linear_attention"] * 4}, "layers of the kinds linear_attention"),
        ({"attention_chunk_size": 8192}, "'attention_chunk_size' in its configuration"),
        ({"layers_block_type": ["mamba", "attention"]}, "'layers_block_type' in its configuration"),
    ],
)
def test_the_theory_is_silent_where_layers_do_not_see_all(config: dict, why: str | None) -> None:
    assert why_silent(config) == why
    assert why_silent(SimpleNamespace(**config)) == why, "vLLM has it as an object"


@pytest.mark.parametrize(
    ("name", "silent"),
    [("llama", False), ("qwen2", False), ("qwen3", False), ("mistral", True), ("gemma3_text", True)],
)
def test_models_of_transformers_are_known_for_what_they_are(name: str, silent: bool) -> None:
    config = AutoConfig.for_model(name)
    assert (why_silent(config) is not None) == silent
    assert (why_silent(config.to_dict()) is not None) == silent
