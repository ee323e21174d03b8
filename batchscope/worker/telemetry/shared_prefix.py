"""Counts where vLLM's attention read a shared prefix once for all requests: cascade attention.

vLLM has it in model runner V1 up to version 0.31. The argument allows it, and each step decides for itself.
So what was in force is counted where it happens, in vLLM's worker: each step's decision, and each call of the
attention that acts on it. Names as in vLLM 0.26.0 and 0.31.0.
"""

from collections.abc import Callable
from typing import Any

ARGUMENT = "disable_cascade_attn"
"""vLLM's engine argument; False asks for cascade attention."""

DECISION = "_compute_cascade_attn_prefix_lens"
"""The model runner's method that says, once a step, how long the prefix is; None: the step goes without."""

ATTENTION = "cascade_attention"
"""The function that computes it, called by each layer, in vLLM's module of FlashAttention."""


class NoCascadeAttentionError(RuntimeError):
    """The model runner of this vLLM cannot do what was asked for."""


def is_asked(args: dict[str, Any]) -> bool:
    """Whether engine arguments ask for cascade attention."""
    return args.get(ARGUMENT) is False


class PrefixCounts:
    """Counts of one pass."""

    def __init__(self) -> None:
        self.steps = 0
        """engine steps that decided"""
        self.shared_steps = 0
        """those that read a prefix once for all their requests"""
        self.attention_calls = 0
        """calls of the attention that does so: one for each layer of each such step"""
        self.spared_tokens = 0
        """tokens of the context that such steps did not read again: prefix x (requests - 1)"""

    def deciding(self, decide: Callable[..., Any]) -> Callable[..., Any]:
        """The runner's decision, counted."""

        def counted(scheduled_tokens: Any, *args: Any, **kwargs: Any) -> Any:
            prefixes = decide(scheduled_tokens, *args, **kwargs)
            self.steps += 1
            if prefixes is not None:
                self.shared_steps += 1
                longest = max(length for group in prefixes for length in group)
                self.spared_tokens += int(longest) * (len(scheduled_tokens) - 1)
            return prefixes

        return counted

    def computing(self, attend: Callable[..., Any]) -> Callable[..., Any]:
        """The attention, counted."""

        def counted(*args: Any, **kwargs: Any) -> Any:
            self.attention_calls += 1
            return attend(*args, **kwargs)

        return counted


class PrefixWatch:
    """Methods that vLLM adds to its worker; the engine's host calls them by name."""

    model_runner: Any

    def watch_shared_prefix(self) -> None:
        """Count from here on.

        Raises:
            NoCascadeAttentionError: this model runner has no cascade attention.
        """
        from vllm.v1.attention.backends import flash_attn

        decide, attend = getattr(self.model_runner, DECISION, None), getattr(flash_attn, ATTENTION, None)
        if decide is None or attend is None:
            raise NoCascadeAttentionError(
                "disable_cascade_attn: false asks for cascade attention, and this model runner has none; "
                "vLLM 0.26 to 0.31 have it, with engine.variables.VLLM_USE_V2_MODEL_RUNNER: 0"
            )
        self.prefix_counts = counts = PrefixCounts()
        setattr(self.model_runner, DECISION, counts.deciding(decide))
        setattr(flash_attn, ATTENTION, counts.computing(attend))

    def take_shared_prefix(self) -> dict[str, int]:
        """The counts since the last call."""
        counts = dict(vars(self.prefix_counts))
        vars(self.prefix_counts).update(dict.fromkeys(counts, 0))
        return counts


def watch(llm: Any) -> Callable[[], dict[str, int]]:
    """Have an engine's workers count; returns what takes the counts of the first since the last call."""
    llm.collective_rpc("watch_shared_prefix")

    def take() -> dict[str, int]:
        counts: dict[str, int] = llm.collective_rpc("take_shared_prefix")[0]
        return counts

    return take
