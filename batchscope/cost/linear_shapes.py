"""The matrices that an engine multiplies tokens with: a model's linear layers, fused as vLLM has them."""

from collections.abc import Sequence
from dataclasses import dataclass

from batchscope.cost.flops import Architecture


@dataclass(frozen=True)
class Linear:
    """One linear layer: ``outputs`` x ``inputs`` weights."""

    name: str
    outputs: int
    inputs: int

    def flops(self, tokens: int) -> int:
        """A multiplication and an addition for each weight and token."""
        return 2 * tokens * self.outputs * self.inputs


def linear_layers(model: Architecture) -> Sequence[Linear]:
    """The four matrix products of one layer of a Llama-like decoder.

    vLLM multiplies with query, key and value at once, and with gate and up at once.
    """
    queries = model.num_attention_heads * model.head_dim
    keys = model.num_key_value_heads * model.head_dim
    return (
        Linear("qkv", queries + 2 * keys, model.hidden_size),
        Linear("o", model.hidden_size, queries),
        Linear("gate_up", 2 * model.intermediate_size, model.hidden_size),
        Linear("down", model.hidden_size, model.intermediate_size),
    )
