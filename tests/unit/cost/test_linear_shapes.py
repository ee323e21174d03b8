"""The products of one layer: together they hold all of its weights."""

from batchscope.cost.flops import Architecture, architecture_from
from batchscope.cost.linear_shapes import linear_layers

LLAMA_8B = Architecture(4096, 14336, 32, 32, 8, 128, 128256)


def test_an_8b_llama() -> None:
    assert [(each.name, each.outputs, each.inputs) for each in linear_layers(LLAMA_8B)] == [
        ("qkv", 6144, 4096),
        ("o", 4096, 4096),
        ("gate_up", 28672, 4096),
        ("down", 4096, 14336),
    ]


def test_they_hold_all_weights_of_a_layer() -> None:
    odd = architecture_from(
        {
            "hidden_size": 48,
            "intermediate_size": 80,
            "num_hidden_layers": 2,
            "num_attention_heads": 6,
            "num_key_value_heads": 2,
            "head_dim": 10,
            "vocab_size": 9,
        }
    )
    for model in (LLAMA_8B, odd):
        assert model is not None
        layers = linear_layers(model)
        assert sum(each.outputs * each.inputs for each in layers) == model.layer_weights
        assert sum(each.flops(7) for each in layers) == 2 * 7 * model.layer_weights
