"""How many prompt tokens vLLM's prefix cache serves in theory.

A run's own count is held against this number, and only the tokens beyond it are computed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

FULL_ATTENTION = "full"
"""What is said of a model for which the theory holds; of others, `why_silent`'s words."""

FULL = ("attention", "full_attention")
"""Kinds of layers, as configurations call them, that attend to all that came before."""

OTHER_KINDS = ("attention_chunk_size", "layers_block_type", "attn_type_list", "hybrid_override_pattern")
"""Keys that models have whose layers do not all attend to all that came before."""


def why_silent(config: Any) -> str | None:
    """Why `served_tokens` does not hold for a model; None where it does.

    It is for models all of whose layers attend to all that came before. Where some see a window, vLLM keeps
    and finds blocks by other rules.

    Args:
        config: the language model's: a mapping such as config.json, or vLLM's ``hf_text_config``.
    """
    kinds = set(_value(config, "layer_types") or ())
    if others := sorted(kinds.difference(FULL)):
        return f"layers of the kinds {', '.join([*others, *sorted(kinds.intersection(FULL))])}"
    window = _value(config, "sliding_window")
    # Some models name a window and use none.
    if window and not kinds and _value(config, "use_sliding_window") is not False:
        return f"a sliding window of {window} tokens"
    return next((f"'{key}' in its configuration" for key in OTHER_KINDS if _value(config, key)), None)


def _value(config: Any, key: str) -> Any:
    return config.get(key) if isinstance(config, Mapping) else getattr(config, key, None)


def served_tokens(prompts: Iterable[Sequence[int]], block_size: int) -> list[int]:
    """Tokens of each prompt that a prefix cache serves, for prompts that are scheduled one after the other.

    vLLM caches full blocks, each under a hash of its tokens and of all blocks before it, as soon as a step
    that computes them is put together. It never serves the last token of a prompt, because that one's output
    is wanted (`KVCacheManager.get_computed_blocks` in vllm/v1/core/kv_cache_manager.py). The cache is taken
    to be empty at first and large enough for everything: a smaller one serves less.

    Args:
        prompts: token ids, in the order of submission.
        block_size: tokens in one block of the KV cache.

    Returns:
        For each prompt, in the same order, a number of tokens; always a multiple of ``block_size``.
    """
    known: dict[tuple[int, tuple[int, ...]], int] = {}
    served = []
    for tokens in prompts:
        block, found = -1, 0
        for start in range(0, len(tokens) - block_size + 1, block_size):
            key = (block, tuple(tokens[start : start + block_size]))
            found += block_size if key in known else 0
            block = known.setdefault(key, len(known))
        served.append(min(found, max(len(tokens) - 1, 0) // block_size * block_size))
    return served
