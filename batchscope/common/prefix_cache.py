"""How many prompt tokens vLLM's prefix cache serves, in theory: what a run's own count is held against."""

from collections.abc import Iterable, Sequence


def served_tokens(prompts: Iterable[Sequence[int]], block_size: int) -> list[int]:
    """Tokens of each prompt that a prefix cache serves, for prompts that come one after the other.

    vLLM caches full blocks, each under a hash of its tokens and of all blocks before it, from the moment in
    which a step that computes them is put together; the last token of a prompt is always computed anew. The
    cache is taken to be empty at first and to hold everything: where it is too small, less is served.

    Args:
        prompts: token ids, in the order of submission.
        block_size: tokens in one block of the KV cache.
    """
    known: dict[tuple[int, tuple[int, ...]], int] = {}
    served = []
    for tokens in prompts:
        block, found = -1, 0
        for start in range(0, len(tokens) - block_size + 1, block_size):
            key = (block, tuple(tokens[start : start + block_size]))
            found += block_size if key in known else 0
            block = known.setdefault(key, len(known))
        served.append(min(found, (len(tokens) - 1) // block_size * block_size))
    return served
