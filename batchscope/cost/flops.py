"""What a dense decoder has to compute, in floating-point operations; pure functions of shapes and lengths.

A multiplication and an addition count as two FLOP. Only matrix products are counted, as in the peaks of data
sheets. Norms, activations and position embeddings are left out, so every figure is a lower bound, by less
than 1 % for an 8B model. The formulas are those of Kaplan et al., *Scaling laws for neural language
models* (arXiv 2001.08361, table 1), and Chowdhery et al., *PaLM* (arXiv 2204.02311, appendix B), with grouped
key and value heads, a gated MLP, and causal attention counted key by key instead of over a full square.

Lengths are tokens. A request's last output token is never fed back, so ``output_tokens - 1`` of them are
computed; logits are computed only for sampled positions.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import Any

LLAMA_LIKE = ("llama", "mistral", "qwen2", "qwen3")
"""``model_type`` of families whose layers are q, k, v, o and a gated MLP of three matrices, nothing else."""

SHAPE = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "vocab_size",
)

NOT_DENSE = ("expert", "moe", "lora_rank", "mamba", "ssm")
"""Parts of key names that tell of mixtures of experts, latent attention or state spaces."""


@dataclass(frozen=True)
class Architecture:
    """The shape of a Llama-like dense decoder, under config.json's names."""

    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    vocab_size: int
    tie_word_embeddings: bool = False

    @property
    def layer_weights(self) -> int:
        """Weights of one layer's seven matrices: q and o, k and v, gate, up and down."""
        query = self.num_attention_heads * self.head_dim
        key_value = self.num_key_value_heads * self.head_dim
        attention = self.hidden_size * (2 * query + 2 * key_value)
        return attention + 3 * self.hidden_size * self.intermediate_size

    @property
    def head_weights(self) -> int:
        """Weights of the output head; those of the embedding itself, where the two are tied."""
        return self.hidden_size * self.vocab_size

    @property
    def norm_weights(self) -> int:
        """Weights of all norms: two a layer and a last one. Those of queries and keys are left out."""
        return self.hidden_size * (2 * self.num_hidden_layers + 1)

    @property
    def parameters(self) -> int:
        """All weights: layers, norms, embedding, and the head where it has its own; biases are left out."""
        vocabularies = 1 if self.tie_word_embeddings else 2
        layers = self.layer_weights * self.num_hidden_layers
        return layers + self.norm_weights + vocabularies * self.head_weights


def architecture_from(config: Mapping[str, Any]) -> Architecture | None:
    """The shape in a config.json, or None where it is not known to be a Llama-like dense decoder.

    A mapping without ``model_type`` is taken by its shape; one that names another family, experts, a sliding
    window or layers of other kinds, or that lacks a key, is not known. Only ``head_dim`` may be missing:
    these families define it as ``hidden_size / num_attention_heads``.
    """
    if config.get("model_type", LLAMA_LIKE[0]) not in LLAMA_LIKE or _is_not_dense(config):
        return None
    shape = {key: config.get(key) for key in SHAPE}
    if not all(_is_count(value) for value in shape.values()):
        return None
    head_dim = config.get("head_dim")
    if head_dim is None:
        head_dim, rest = divmod(config["hidden_size"], config["num_attention_heads"])
        if rest:
            return None
    return Architecture(
        **{key: int(value) for key, value in shape.items() if value},
        head_dim=head_dim,
        tie_word_embeddings=config.get("tie_word_embeddings") is True,
    )


def _is_not_dense(config: Mapping[str, Any]) -> bool:
    """Whether the model computes less, or something else, than each layer's full matrices and attention."""
    others = any(part in key for key, value in config.items() if value for part in NOT_DENSE)
    window = config.get("sliding_window") and config.get("use_sliding_window", True)
    kinds = set(config.get("layer_types") or ()) - {"full_attention"}
    return bool(others or window or kinds)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def linear_flops(model: Architecture) -> int:
    """FLOP that all layers need for one token, attention's scores and the output head left out.

    2 for each weight of the layers' matrices (Kaplan et al., arXiv 2001.08361, table 1).
    """
    return 2 * model.layer_weights * model.num_hidden_layers


def head_flops(model: Architecture) -> int:
    """FLOP of the output head for one sampled token: 2 for each of its weights."""
    return 2 * model.head_weights


def attention_flops(model: Architecture, start: int, end: int) -> int:
    """FLOP of causal attention, in all layers, for the tokens at positions ``start`` to ``end - 1``.

    A token at position p attends to p + 1 keys. In each layer that takes 2 x heads x head_dim x (p + 1) FLOP
    for the scores and as many for the weighted values (Chowdhery et al., arXiv 2204.02311, appendix B).
    """
    return key_flops(model) * causal_keys(start, end)


def key_flops(model: Architecture) -> int:
    """FLOP of one token attending to one key, in all layers: 2 x heads x head_dim for score and for value."""
    return 4 * model.num_hidden_layers * model.num_attention_heads * model.head_dim


def causal_keys(start: int, end: int) -> int:
    """Keys that the tokens at positions ``start`` to ``end - 1`` attend to, added up: p + 1 at position p."""
    return (end * (end + 1) - start * (start + 1)) // 2


@dataclass(frozen=True)
class Lengths:
    """Lengths of one request in tokens: prompt, the part of it that the prefix cache served, and output."""

    prompt_tokens: int
    cached_tokens: int
    output_tokens: int


def prefill_flops(model: Architecture, request: Lengths) -> int:
    """FLOP of one request up to its first output token: prompt tokens not in the cache, and the head once."""
    computed = request.prompt_tokens - request.cached_tokens
    attention = attention_flops(model, request.cached_tokens, request.prompt_tokens)
    return linear_flops(model) * computed + attention + head_flops(model)


def decode_flops(model: Architecture, request: Lengths) -> int:
    """FLOP of one request from its first output token to its last; 0 with a single one."""
    steps = max(request.output_tokens - 1, 0)
    attention = attention_flops(model, request.prompt_tokens, request.prompt_tokens + steps)
    return (linear_flops(model) + head_flops(model)) * steps + attention


def run_flops(model: Architecture, requests: Sequence[Lengths]) -> int:
    """FLOP of one pass over all requests, prefill and decoding."""
    alike = Counter((each.prompt_tokens, each.cached_tokens, each.output_tokens) for each in requests)
    return sum(count * _request_flops(model, Lengths(*of_each)) for of_each, count in alike.items())


def _request_flops(model: Architecture, request: Lengths) -> int:
    return prefill_flops(model, request) + decode_flops(model, request)


@dataclass(frozen=True)
class Rate:
    """Work done up to some moment of a pass, in FLOP, and the seconds from its start to that moment."""

    flops: int
    seconds: float

    @property
    def per_second(self) -> float:
        """FLOP/s; infinite where the clock says that there was no time at all."""
        return self.flops / self.seconds if self.seconds > 0 else math.inf


def highest_rate(
    model: Architecture,
    requests: Sequence[Lengths],
    first_tokens_s: Sequence[float | None],
    seconds: float,
) -> Rate:
    """The highest rate that a pass implies at any moment: the device must have been at least that fast.

    When a request has its first token, its whole prompt has been computed, and so have the prompts of all
    requests that had theirs earlier. At the end everything has been computed. First tokens are looked at one
    by one because a pass that decodes for long may be impossibly fast at its start and plausible on average.

    Args:
        model: the model's shape.
        requests: all requests of the pass, at least one.
        first_tokens_s: when each had its first token, in seconds from the start; None where not known.
        seconds: the whole pass.
    """
    rates = [Rate(run_flops(model, requests), seconds)]
    timed = [(at, each) for at, each in zip(first_tokens_s, requests, strict=True) if at is not None]
    timed.sort(key=lambda pair: pair[0])
    prefill = cache(lambda prompt, cached: prefill_flops(model, Lengths(prompt, cached, 0)))
    done = accumulate(prefill(each.prompt_tokens, each.cached_tokens) for _, each in timed)
    rates += [Rate(flops, at) for flops, (at, _) in zip(done, timed, strict=True)]
    return max(rates, key=lambda rate: rate.per_second)
