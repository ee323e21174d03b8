"""Which tensors are linear layers of the decoder."""

import pytest

from batchscope.worker.sparsity.layers import is_linear


@pytest.mark.parametrize(
    "name",
    [
        "model.layers.0.self_attn.q_proj.weight",
        "model.layers.31.mlp.down_proj.weight",
        "model.layers.3.self_attn.dense.weight",
        "language_model.model.layers.2.mlp.gate_up_proj.weight",
        "model.layers.1.mlp.experts.7.gate_proj.weight",
    ],
)
def test_linear_layers_of_the_decoder(name: str) -> None:
    assert is_linear(name, (64, 32))
    assert not is_linear(name, (64,)), "a vector is no matrix"


@pytest.mark.parametrize(
    "name",
    [
        "lm_head.weight",
        "model.embed_tokens.weight",
        "model.norm.weight",
        "model.layers.0.input_layernorm.weight",
        "model.layers.0.self_attn.q_norm.weight",
        "model.layers.0.self_attn.q_proj.bias",
        "model.layers.4.mlp.gate.weight",
        "model.layers.4.block_sparse_moe.router.weight",
        "vision_tower.encoder.layers.0.mlp.fc1.weight",
        "audio_encoder.layers.0.fc1.weight",
        "transformer.h.0.attn.c_attn.weight",
    ],
)
def test_all_else_keeps_its_weights(name: str) -> None:
    assert not is_linear(name, (64, 32))
