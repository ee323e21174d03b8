"""What a dense decoder has to compute, in floating-point operations; pure functions of shapes and lengths.

A multiplication and an addition count as two. Counted are the matrix products, which are what a data sheet's
peak is about; norms, activations and position embeddings are left out, so every figure is a lower bound (by
less than 1 % for an 8B model). The formulas are those of Kaplan et al., *Scaling laws for neural language
models* (arXiv 2001.08361, table 1), and Chowdhery et al., *PaLM* (arXiv 2204.02311, appendix B), with grouped
key and value heads, a gated MLP, and causal attention counted key by key instead of over a full square.

Lengths are tokens. A request's last output token is never fed back, so ``output_tokens - 1`` of them are
computed; logits are made for sampled positions alone.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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
    window or layers of other kinds, or that lacks a key, is not known. ``head_dim`` alone may be missing:
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
    """Of one token, outside the head: 2 x the weights of all layers."""
    return 2 * model.layer_weights * model.num_hidden_layers


def head_flops(model: Architecture) -> int:
    """Of one output token: 2 x the head's weights."""
    return 2 * model.head_weights


def attention_flops(model: Architecture, start: int, end: int) -> int:
    """Of the tokens at positions ``start`` to ``end - 1``, each with all keys up to its own.

    A token at position p has p + 1 keys: 2 x heads x head_dim x (p + 1) for the scores and as many for the
    weighted values, in each layer.
    """
    return key_flops(model) * causal_keys(start, end)


def key_flops(model: Architecture) -> int:
    """Of one token and one of its keys, in all layers: score and weighted value."""
    return 4 * model.num_hidden_layers * model.num_attention_heads * model.head_dim


def causal_keys(start: int, end: int) -> int:
    """Keys of the tokens at positions ``start`` to ``end - 1``, added up: p + 1 for the one at p."""
    return (end * (end + 1) - start * (start + 1)) // 2


@dataclass(frozen=True)
class Lengths:
    """A request: its prompt, how much of it came from the prefix cache, its output; all in tokens."""

    prompt_tokens: int
    cached_tokens: int
    output_tokens: int


def prefill_flops(model: Architecture, request: Lengths) -> int:
    """Up to the first output token: what the cache did not hold of the prompt, and the head once."""
    computed = request.prompt_tokens - request.cached_tokens
    attention = attention_flops(model, request.cached_tokens, request.prompt_tokens)
    return linear_flops(model) * computed + attention + head_flops(model)


def decode_flops(model: Architecture, request: Lengths) -> int:
    """From the first output token to the last."""
    steps = max(request.output_tokens - 1, 0)
    attention = attention_flops(model, request.prompt_tokens, request.prompt_tokens + steps)
    return (linear_flops(model) + head_flops(model)) * steps + attention


def run_flops(model: Architecture, requests: Sequence[Lengths]) -> int:
    """Of one pass over all requests."""
    return sum(prefill_flops(model, each) + decode_flops(model, each) for each in requests)


@dataclass(frozen=True)
class Rate:
    """Work that was done by a point in time, in FLOP, and the seconds up to there."""

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
    """The highest rate that a pass implies at any point: no device can have been slower.

    When a first token is there, its whole prompt has been computed, and those of all requests that had theirs
    before; at the end, everything has. A pass that decodes for long hides in its mean what its first tokens
    show.

    Args:
        model: the model's shape.
        requests: all requests of the pass, at least one.
        first_tokens_s: when each had its first token, in seconds from the start; None where not known.
        seconds: the whole pass.
    """
    rates = [Rate(run_flops(model, requests), seconds)]
    done = 0
    timed = [(at, each) for at, each in zip(first_tokens_s, requests, strict=True) if at is not None]
    for at, request in sorted(timed, key=lambda pair: pair[0]):
        done += prefill_flops(model, request)
        rates.append(Rate(done, at))
    return max(rates, key=lambda rate: rate.per_second)
