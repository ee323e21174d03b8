"""Shapes of models that tests compute with."""

from batchscope.cost.flops import architecture_from

HERMES = {
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "vocab_size": 128256,
    "tie_word_embeddings": False,
}


MODEL = architecture_from(HERMES)


TINY = architecture_from(
    {
        "hidden_size": 4,
        "intermediate_size": 8,
        "num_hidden_layers": 3,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 2,
        "vocab_size": 10,
    }
)


BF16 = {"dtype": "bfloat16", "quantization": None, "kv_cache_dtype": "auto"}


REPEATS = 3


def requests(lengths, first_token_s=0.5, repeats=REPEATS):
    """Rows of requests.parquet: the same in every repeat."""
    names = ("prompt_tokens", "cached_tokens", "output_tokens")
    return [
        {"repeat": repeat, "prompt": number, "first_token_s": first_token_s, "output_token_ids": [1]}
        | dict(zip(names, each, strict=True))
        for repeat in range(repeats)
        for number, each in enumerate(lengths)
    ]
