"""What the hub does not have, does not give, or has in a form that cannot be used."""

import json
from dataclasses import replace
from typing import Any

from support.hub_site import Hub
from support.mistakes.mistake import Mistake, World
from support.mistakes.models import LLAMA, dotted, folder
from support.text_files import as_parquet

MODEL = {"models": {"mine": {"source": "hub", "id": "me/model"}}, "engine": {"model": "mine"}}
FILES = {name.removeprefix("my-model/"): each for name, each in folder(model_safetensors=b"w").items()}
TEXTS = as_parquet(
    [{"text": "fine words", "label": "positive"}, {"text": "bad words", "label": "negative"}] * 20
)
DATA = {"default/train/0000.parquet": TEXTS}
CONVERTED = "refs/convert/parquet"
FILM = {"me/films": {CONVERTED: {f"{part}/train/0000.parquet": TEXTS for part in ("de", "en")}}}


def of_model(**keys: Any) -> dict[str, Any]:
    """The overlay that names the model, with other keys."""
    return {**MODEL, "models": {"mine": {**MODEL["models"]["mine"], **keys}}}


def of_texts(**keys: Any) -> dict[str, Any]:
    """The overlay that names a data set."""
    studies = {"packing": None, "saturation": {"set": {"texts": 40}}}
    return {"dataset": {"source": "hub", "hub": {"id": "me/films", **keys}}, "studies": studies}


def model_hub(**files: bytes) -> Hub:
    """A hub with the model, and other files in it by names with an underscore for the dot."""
    content = FILES | {dotted(name): each for name, each in files.items()}
    return Hub({"me/model": {"main": {name: each for name, each in content.items() if each}}})


def refused(status: int, code: str, says: str) -> Mistake:
    """What the hub answers, and that the same call is right once the hub gives the model."""
    hub = replace(model_hub(), error=(status, code), message=code)
    return Mistake(World(MODEL, hub=hub), (says,), World(MODEL, hub=model_hub()))


def in_repository(says: list[str], **files: bytes) -> Mistake:
    """A model's repository whose files are not what they should be."""
    return Mistake(World(MODEL, hub=model_hub(**files)), tuple(says), World(MODEL, hub=model_hub()))


def in_texts(says: list[str], right: dict[str, Any], **wrong: Any) -> Mistake:
    """Keys of a data set."""
    return Mistake(
        World(of_texts(**wrong), hub=Hub(FILM)), tuple(says), World(of_texts(**right), hub=Hub(FILM))
    )


def configured(**config: Any) -> bytes:
    """A config.json."""
    return json.dumps(LLAMA | config).encode()


HUB = {
    "no such model": Mistake(
        World(of_model(id="me/nothing"), hub=model_hub()),
        ("models: id", "no model me/nothing", "private", "hf auth login"),
        World(MODEL, hub=model_hub()),
        end_to_end=True,
    ),
    "no such revision": Mistake(
        World(of_model(revision="v9"), hub=model_hub()),
        ("models: revision", "no revision 'v9'"),
        World(of_model(revision="main"), hub=model_hub()),
    ),
    "a model that is gated": refused(403, "GatedRepo", "accept the licence of me/model on the hub"),
    "a model that is private": refused(401, "RepoNotFound", "or it is private; correct it, or log in"),
    "a login that may not": refused(403, "", "your login may not read it"),
    "a model that is switched off": refused(
        403, "Access to this resource is disabled.", "has switched me/model off"
    ),
    "too many requests": refused(429, "", "too many requests from here; wait a while"),
    "a hub that must not be asked": Mistake(
        World(MODEL, hub=model_hub(), variables={"HF_HUB_OFFLINE": "1"}),
        ("HF_HUB_OFFLINE forbids to fetch it", "unset that"),
        World(MODEL, hub=model_hub()),
    ),
    "a model without weights": in_repository(["me/model", "holds no weights"], model_safetensors=b""),
    "weights of the hub that are not pruned": Mistake(
        World(of_model(prune="2:4"), hub=model_hub(model_safetensors=b"", **{"pytorch_model.bin": b"w"})),
        ("me/model (revision main) holds pytorch_model.bin", "prune reads .safetensors files alone"),
        World(of_model(prune="2:4"), hub=model_hub()),
    ),
    "an adapter in the place of a model": in_repository(
        ["an adapter (LoRA) and no whole model"], model_safetensors=b"", **{"adapter_model.safetensors": b"w"}
    ),
    "weights in folders alone": in_repository(
        ["weights in folders alone (original)", "set source: local"],
        model_safetensors=b"",
        **{"original/model.safetensors": b"w"},
    ),
    "a model without tokenizer": in_repository(
        ["no tokenizer.json and no other tokenizer"], tokenizer_json=b""
    ),
    "a tokenizer that cannot be converted": in_repository(
        ["a tokenizer of another form (qwen.tiktoken)", "put a converted tokenizer.json"],
        tokenizer_json=b"",
        qwen_tiktoken=b"abc 1\n",
    ),
    "a fetched model that vLLM does not know": in_repository(
        ["me/model/config.json", "does not know the architecture NoSuchForCausalLM"],
        config_json=configured(architectures=["NoSuchForCausalLM"]),
    ),
    "a fetched model whose weights vLLM cannot read": in_repository(
        ["me/model/config.json", "quantized with 'squeeze'"],
        config_json=configured(quantization_config={"quant_method": "squeeze"}),
    ),
    "a fetched model with too short a context": in_repository(
        ["the context of mine is 128", "is too long on its own"],
        config_json=configured(max_position_embeddings=128),
    ),
    "a data set without id": Mistake(
        World({"dataset": {"source": "hub"}}, hub=Hub(FILM)),
        ("dataset", "needs the key 'id'"),
        World(of_texts(config="en"), hub=Hub(FILM)),
    ),
    "no such data set": in_texts(["no data set me/nothing", "private"], {"config": "en"}, id="me/nothing"),
    "one of several subsets": in_texts(
        ["dataset.hub.config", "several subsets: de, en", "name one"], {"config": "en"}
    ),
    "no such subset": in_texts(["no subset 'fr'; name one of: de, en"], {"config": "de"}, config="fr"),
    "no such split": in_texts(
        ["no split 'dev'; name one of: train"], {"config": "de"}, config="de", split="dev"
    ),
    "no such column": in_texts(
        ["dataset.hub.label_column", "text, label"],
        {"config": "en", "label_column": "label"},
        config="en",
        label_column="stars",
    ),
}
