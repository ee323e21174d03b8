"""How many prompt tokens vLLM's prefix cache serves in theory.

A run's own count is held against this number, and only the tokens beyond it are computed.
"""

from collections.abc import Iterable, Sequence


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
