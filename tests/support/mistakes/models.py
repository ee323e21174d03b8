"""Model folders that are not there, lack a file, or hold what vLLM cannot run."""

import json
from typing import Any

from support.label_answers import label_tokenizer
from support.mistakes.mistake import Mistake, World, mistake

LLAMA = {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "max_position_embeddings": 16384}
MINE = {
    "models": {"mine": {"source": "local", "path": "my-model", "load_format": "dummy"}},
    "engine": {"model": "mine"},
}
TOKENIZER = label_tokenizer().to_str().encode()
PRODUCTS = {"models": MINE["models"], "gemm": {"models": ["mine"]}}
SHAPE = {
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "num_hidden_layers": 2,
    "vocab_size": 300,
}
CPU = {"python": ".engines/cpu/bin/python", "device": "cpu"}


def folder(config: dict[str, Any] | None = None, **files: bytes) -> dict[str, bytes]:
    """A model's folder: its configuration, a tokenizer, and other files by names with an underscore for the dot."""
    content = {"config.json": json.dumps(LLAMA | (config or {})).encode(), "tokenizer.json": TOKENIZER}
    content |= {dotted(name): each for name, each in files.items()}
    return {f"my-model/{name}": each for name, each in content.items()}


def dotted(name: str) -> str:
    """A file's name as it is written among keywords: an underscore stands for its dot."""
    return name if "." in name else name.replace("_", ".")


def local(
    wrong: dict[str, bytes], says: list[str], right: dict[str, bytes] | None = None, *, e2e: bool = False
) -> Mistake:
    """Files of a model, and what they should be."""
    return Mistake(World(MINE, wrong), tuple(says), World(MINE, right or folder()), e2e)


def without(*names: str) -> dict[str, bytes]:
    """A model's folder that lacks files."""
    return {path: each for path, each in folder(README_md=b"").items() if not path.endswith(names)}


def of_model(**keys: Any) -> dict[str, Any]:
    """The overlay that names the folder, with other keys."""
    return {**MINE, "models": {"mine": {**MINE["models"]["mine"], **keys}}}


OWN_CODE = folder({"architectures": ["MineForCausalLM"], "auto_map": {"AutoModelForCausalLM": "m.Mine"}})
CHAT = "tokenizer_config.json"
TEMPLATE = "{% if messages[0].role == 'system' %}{{ raise_exception('no system message') }}{% endif %}{{ messages[0].content }}"
REFUSING = json.dumps({"chat_template": TEMPLATE}).encode()
NO_TOKEN = json.dumps({"chat_template": "{{ messages[0].content }}", "eos_token": 5}).encode()
NO_CONTEXT = folder(
    config_json=b'{"architectures": ["MineForCausalLM"], "auto_map": {"AutoModelForCausalLM": "m.Mine"}}'
)

SAID_SPARSE = {
    "quant_method": "compressed-tensors",
    "sparsity_config": {"format": "dense", "sparsity_structure": "2:4", "targets": ["Linear"]},
}


def sparse(wrong: dict[str, Any], says: list[str], right: dict[str, Any], *, e2e: bool = False) -> Mistake:
    """Keys of a model whose weights are or shall be 2:4."""
    worlds = [
        World(of_model(**{"load_format": "auto", **keys}), folder(model_safetensors=b"w"))
        for keys in (wrong, right)
    ]
    return Mistake(worlds[0], tuple(says), worlds[1], e2e)


def sparse_files(wrong: dict[str, bytes], says: list[str], right: dict[str, bytes]) -> Mistake:
    """Files of a model that is to be pruned."""
    overlay = of_model(load_format="auto", prune="2:4")
    return Mistake(World(overlay, wrong), tuple(says), World(overlay, right))


SPARSE = {
    "2:4 without quotes": mistake(
        "models: {mine: {source: hub, id: me/model, prune: 2:4}}\n",
        ["models.mine.prune", "the number 124 in YAML", "write '2:4'"],
        "models: {mine: {source: hub, id: me/model, prune: '2:4'}}\n",
    ),
    "another pattern of zeros": sparse(
        {"prune": "2:8"}, ["models.mine.prune: Input should be '2:4', got '2:8'"], {"prune": "2:4"}
    ),
    "random weights that are to be 2:4": sparse(
        {"prune": "2:4", "load_format": "dummy"},
        ["load_format: dummy makes random weights", "set it to auto"],
        {"prune": "2:4", "load_format": "auto"},
    ),
    "weights that are to be made 2:4 and are so": sparse(
        {"prune": "2:4", "sparsity": "2:4"}, ["drop one of the two"], {"sparsity": "2:4"}
    ),
    "2:4 kernels for dense weights": sparse(
        {"sparse_kernels": True},
        ["sparse_kernels needs 2:4 weights", "set prune or sparsity to '2:4' as well"],
        {"sparse_kernels": False, "sparsity": "2:4"},
    ),
    "2:4 kernels of a vLLM that has none": sparse(
        {"prune": "2:4", "sparse_kernels": True},
        ["models.mine.sparse_kernels: vLLM 0.32.0 refuses", "0.18.1 was the last", "set it to false"],
        {"prune": "2:4", "sparse_kernels": False},
        e2e=True,
    ),
    "a model that says it is 2:4 where vLLM refuses the word": Mistake(
        World(
            of_model(load_format="auto"), folder({"quantization_config": SAID_SPARSE}, model_safetensors=b"w")
        ),
        ("my-model/config.json: says that the weights are sparse", 'set models.mine.sparsity: "2:4"'),
        World(
            of_model(load_format="auto", sparsity="2:4"),
            folder({"quantization_config": SAID_SPARSE}, model_safetensors=b"w"),
        ),
    ),
    "quantized weights that are to be pruned": sparse_files(
        folder({"quantization_config": {"quant_method": "gptq"}}, model_safetensors=b"w"),
        ["my-model/config.json: its weights are quantized with 'gptq'", "before it was quantized"],
        folder(model_safetensors=b"w"),
    ),
    "weights of a form that is not pruned": sparse_files(
        folder(**{"pytorch_model.bin": b"w"}),
        ["my-model holds pytorch_model.bin", "prune reads .safetensors files alone"],
        folder(model_safetensors=b"w"),
    ),
    "products of a model whose layers are not known": Mistake(
        World(PRODUCTS, folder({"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]})),
        ("gemm.models: mine is no Llama-like dense decoder", "name another model"),
        World(PRODUCTS, folder(SHAPE)),
    ),
    "products of a model that is not there": Mistake(
        World({**PRODUCTS, "models": of_model(path="no/such/folder")["models"]}, folder(SHAPE)),
        ("models.mine.path: there is no folder no/such/folder",),
        World(PRODUCTS, folder(SHAPE)),
    ),
}

MODELS = {
    "a model of the hub without id": mistake(
        {"models": {"h": {"source": "hub"}}},
        ["models.h", "needs the key 'id'"],
        {"models": {"h": {"source": "hub", "id": "me/model"}}},
    ),
    "a local model without path": mistake(
        {"models": {"h": {"source": "local"}}},
        ["models.h", "key 'path'"],
        {"models": {"h": {"source": "local", "path": "my-model"}}},
    ),
    "a folder that is not there": Mistake(
        World(of_model(path="no/such/folder"), folder()),
        ("models.mine.path", "there is no folder no/such/folder"),
        World(MINE, folder()),
        end_to_end=True,
    ),
    "no config.json": local(without("config.json"), ["models.mine.path", "holds no config.json"]),
    "no tokenizer": local(
        without("tokenizer.json"), ["my-model", "no tokenizer.json and no other tokenizer"]
    ),
    "a damaged tokenizer": local(
        folder(tokenizer_json=b"no"), ["tokenizer.json", "not a readable tokenizer"], e2e=True
    ),
    "a damaged config.json": local(
        folder(config_json=b"{"), ["my-model/config.json", "fetch the model again"]
    ),
    "an empty config.json": local(
        folder(config_json=b"{}"), ["my-model/config.json", "an empty one", "fetch the model again"]
    ),
    "a model with code of its own that does not say its context": Mistake(
        World(of_model(trust_remote_code=True), NO_CONTEXT),
        ("config.json", "no max_position_embeddings", "set engine.args.max_model_len"),
        World(
            {
                **of_model(trust_remote_code=True),
                "engine": {"model": "mine", "args": {"max_model_len": 16384}},
            },
            NO_CONTEXT,
        ),
    ),
    "no weights": Mistake(
        World(of_model(load_format="auto"), folder()),
        ("models.mine.path", "holds no weights", "load_format: dummy"),
        World(MINE, folder()),
        end_to_end=True,
    ),
    "weights in part": Mistake(
        World(of_model(load_format="auto"), folder(**{"model-00001-of-00002_safetensors": b"w"})),
        ("holds its weights in part, 1 of 2 files", "fetch it again"),
        World(
            of_model(load_format="auto"),
            folder(**{"model-00001-of-00002_safetensors": b"w", "model-00002-of-00002_safetensors": b"w"}),
        ),
    ),
    "an adapter": Mistake(
        World(of_model(load_format="auto"), {"my-model/adapter_model.safetensors": b"w", **folder()}),
        ("an adapter (LoRA) and no whole model", "merge it into its base model"),
        World(of_model(load_format="auto"), folder(model_safetensors=b"w")),
    ),
    "a classifier": local(
        folder({"architectures": ["BertForSequenceClassification"]}),
        ["writes no text", "name a model that writes text"],
    ),
    "an architecture of nobody": local(
        folder({"architectures": ["NoSuchForCausalLM"]}), ["does not know the architecture NoSuchForCausalLM"]
    ),
    "code that is not trusted": Mistake(
        World(MINE, OWN_CODE),
        ("code of its own", "models.mine.trust_remote_code: true"),
        World(of_model(trust_remote_code=True), OWN_CODE),
    ),
    "weights quantized in a form of nobody": local(
        folder({"quantization_config": {"quant_method": "squeeze"}}), ["'squeeze'", "in another form"]
    ),
    "a context beyond a local model's": Mistake(
        World({**MINE, "engine": {"model": "mine", "args": {"max_model_len": 20_000}}}, folder()),
        ("16384 positions of mine",),
        World({**MINE, "engine": {"model": "mine", "args": {"max_model_len": 16_384}}}, folder()),
    ),
    "an environment that is not made": mistake(
        {"environments": {"cpu": {"python": "nowhere/bin/python", "device": "cpu"}}},
        ["environments.cpu", "nowhere/bin/python", "make env ENGINE=cpu"],
        {"environments": {"cpu": CPU}},
        e2e=True,
    ),
    "an environment without vLLM": mistake(
        {"environments": {"cpu": {"python": "workflow", "device": "cpu"}}},
        ["environments.cpu", "has no vLLM", "name another Python"],
        {"environments": {"cpu": CPU}},
        e2e=True,
    ),
    "an environment that is a folder": mistake(
        {"environments": {"cpu": {"python": ".engines/cpu/bin", "device": "cpu"}}},
        ["environments.cpu.python", "is a folder; name the Python in it"],
        {"environments": {"cpu": CPU}},
    ),
    "an architecture that vLLM has dropped": local(
        folder({"architectures": ["MotifForCausalLM"]}),
        ["no longer knows MotifForCausalLM", "0.10.2 was the last"],
    ),
    "a tokenizer of another model": local(
        folder({"vocab_size": 10}),
        ["tokenizer.json: it has", "vocab_size 10", "fetch both files of one model"],
    ),
    "a system message that the model cannot be given": Mistake(
        World({**MINE, "prompts": {"system": "Be brief."}}, folder()),
        ("prompts.system", "has no chat template", "set prompts.system: null"),
        World({**MINE, "prompts": {"system": None}}, folder()),
    ),
    "a misspelt way to load weights": Mistake(
        World(of_model(load_format="dumy"), folder(model_safetensors=b"w")),
        ("models.mine.load_format: vLLM 0.32.0 has no 'dumy'", "set it to dummy"),
        World(of_model(load_format="dummy"), folder(model_safetensors=b"w")),
    ),
    "a system message that a chat template refuses": Mistake(
        World({**MINE, "prompts": {"system": "Be brief."}}, folder(**{CHAT: REFUSING})),
        ("the model's chat template fails (no system message)", "drop what it does not take"),
        World({**MINE, "prompts": {"system": None}}, folder(**{CHAT: REFUSING})),
    ),
    "a damaged tokenizer_config.json": local(
        folder(**{CHAT: b"{"}),
        ["my-model/tokenizer_config.json: no readable JSON", "fetch the model again"],
        folder(**{CHAT: b"{}"}),
    ),
    "a tokenizer that transformers cannot load": Mistake(
        World(MINE, folder(**{CHAT: NO_TOKEN})),
        (
            "my-model: transformers cannot load this tokenizer (Special token eos_token",
            "set prompts.chat: off",
        ),
        World({**MINE, "prompts": {"chat": "off"}}, folder(**{CHAT: NO_TOKEN})),
    ),
    **SPARSE,
}
