"""Model folders: what they get of a repository or a folder, and the tokenizer, as vLLM has it."""

import errno
import json
import os
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import huggingface_hub.constants as hub_settings
import pytest
from support.hub_site import Hub, commit_of, serving
from support.tokenizers_of_kinds import KINDS
from transformers import AutoTokenizer

from batchscope.common.errors import UserError
from batchscope.config.model import ModelAsset
from batchscope.inputs.models import filled_folder, load_tokenizer, prepare_hub, prepare_local
from scripts.prepare_model import convert_tokenizer

TEXTS = ["The film is good.", "", "A bad film</s>"]


@pytest.mark.parametrize("kind", ["byte_level", "sentence_piece", "unigram"])
@pytest.mark.parametrize(
    "flags", [{}, {"add_bos_token": True}, {"add_bos_token": False, "add_eos_token": True}]
)
def test_start_and_end_tokens_are_those_of_transformers(kind: str, flags: dict, tmp_path: Path) -> None:
    """What tokenizer.json says counts, and not the flags beside it, which are for older files."""
    KINDS[kind]().save(str(tmp_path / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>", **flags}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(config))
    tokenizer = load_tokenizer(tmp_path)
    expected = AutoTokenizer.from_pretrained(str(tmp_path))(TEXTS)["input_ids"]
    assert [tokenizer.encode(text).ids for text in TEXTS] == expected


@pytest.mark.parametrize("content", ["{", "[]", ""])
def test_a_damaged_file_is_an_error_that_names_it(content: str, tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text(content)
    with pytest.raises(UserError, match=r"tokenizer.json: not a readable tokenizer"):
        load_tokenizer(tmp_path)


CONFIG = b'{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]}'
DISABLED = "Access to this resource is disabled."


def files(*weights: str, tokenizer: bool = True) -> dict[str, bytes]:
    """A repository's files, each of the weights with a content of its own."""
    small = {"config.json": CONFIG, "original/params.json": b"{}"}
    if tokenizer:
        small["tokenizer.json"] = KINDS["byte_level"]().to_str().encode()
    return small | {name: name.encode() for name in weights}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub of these repositories, and the hub's own client with a cache of its own."""
    two_forms = files("model.safetensors", "consolidated.safetensors", "pytorch_model.bin")
    repositories = {
        "me/two-forms": {"main": two_forms, "v1": files("model.safetensors")},
        "me/bin-only": {"main": files("pytorch_model.bin", "training_args.bin")},
        "me/older": {"main": files("model.safetensors", tokenizer=False)},
        "me/adapter": {"main": files("adapter_model.safetensors")},
    }
    with serving(Hub(repositories)) as site:
        for name, value in {
            "ENDPOINT": site.url,
            "HUGGINGFACE_CO_URL_TEMPLATE": site.url + "/{repo_id}/resolve/{revision}/{filename}",
            "HF_HUB_CACHE": str(tmp_path / "cache"),
            "HF_HUB_DISABLE_XET": True,
            "HF_HUB_OFFLINE": False,
            "HF_TOKEN_PATH": str(tmp_path / "no-token"),
        }.items():
            monkeypatch.setattr(hub_settings, name, value)
        monkeypatch.delenv("HF_TOKEN", raising=False)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield site


def asset(name: str, **more: Any) -> ModelAsset:
    return ModelAsset(source="hub", id=name, **more)


def prepared(folder: Path, name: str, **more: Any) -> list[str]:
    """The files of a model's folder made of a repository."""
    folder.mkdir()
    prepare_hub(folder, asset(name, **more), partial(convert_tokenizer, pythons=[sys.executable]))
    return sorted(path.name for path in folder.iterdir())


def refused(tmp_path: Path, name: str, **more: Any) -> str:
    with pytest.raises(UserError) as error:
        prepared(tmp_path / "model", name, **more)
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "weights"), [("me/two-forms", "model.safetensors"), ("me/bin-only", "pytorch_model.bin")]
)
def test_one_form_of_the_weights_is_fetched(hub: Hub, tmp_path: Path, name: str, weights: str) -> None:
    assert prepared(tmp_path / "model", name) == sorted(["config.json", "tokenizer.json", weights])
    assert hub.fetched == sorted(["config.json", "tokenizer.json", weights])
    assert (tmp_path / "model" / weights).read_text() == weights


def test_no_weights_are_fetched_for_a_model_without(hub: Hub, tmp_path: Path) -> None:
    assert prepared(tmp_path / "model", "me/adapter", load_format="dummy") == [
        "config.json",
        "tokenizer.json",
    ]
    assert hub.fetched == ["config.json", "tokenizer.json"]


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("away", [{"ENDPOINT": "http://127.0.0.1:9"}, {"HF_HUB_OFFLINE": True}])
def test_what_is_in_the_cache_needs_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, away: dict[str, Any]
) -> None:
    first = prepared(tmp_path / "first", "me/two-forms")
    for name, value in away.items():
        monkeypatch.setattr(hub_settings, name, value)
    (tmp_path / "second").mkdir()
    assert prepare_hub(tmp_path / "second", asset("me/two-forms")) == commit_of("main")
    assert sorted(path.name for path in (tmp_path / "second").iterdir()) == first


@pytest.mark.parametrize(
    ("name", "more", "words"),
    [
        ("me/nothing", {}, ("models: id", "no model me/nothing", "private", "hf auth login")),
        ("me/two-forms", {"revision": "v9"}, ("models: revision", "no revision 'v9'")),
        ("me/adapter", {}, ("me/adapter", "an adapter (LoRA)")),
        ("me/older", {}, ("me/older", "no tokenizer.json and no other tokenizer", "source: local")),
    ],
)
@pytest.mark.usefixtures("hub")
def test_what_is_not_there(tmp_path: Path, name: str, more: dict[str, str], words: tuple[str, ...]) -> None:
    said = refused(tmp_path, name, **more)
    assert [word for word in words if word not in said] == [], said


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ((403, "GatedRepo"), ("is gated", "accept the licence of me/x", "hf auth login")),
        ((401, "RepoNotFound"), ("private", "hf auth login")),
        ((401, ""), ("private", "hf auth login")),  # without a login, that is all that the hub says
        ((403, ""), ("your login may not read it", "hf auth login")),
        ((403, DISABLED), ("switched me/x off",)),
        ((429, ""), ("too many requests", "hf auth login")),
        ((500, ""), ("could not be fetched", "check the network", "source: local")),
    ],
)
def test_what_the_hub_refuses(
    hub: Hub, tmp_path: Path, error: tuple[int, str], words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    hub.error, hub.message = error, error[1]
    said = refused(tmp_path, "me/x")
    assert [word for word in words if word not in said] == [], said


def test_a_login_that_the_hub_does_not_know(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.error = (401, "")
    monkeypatch.setenv("HF_TOKEN", "hf_expired")
    said = refused(tmp_path, "me/x")
    assert "the hub does not know your login" in said
    assert "hf_expired" not in said


@pytest.mark.usefixtures("hub")
def test_no_network_and_nothing_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub_settings, "HF_HUB_OFFLINE", True)
    assert "HF_HUB_OFFLINE forbids to fetch it; unset that" in refused(tmp_path, "me/two-forms")
    monkeypatch.setattr(hub_settings, "HF_HUB_OFFLINE", False)
    assert "model.safetensors" in prepared(tmp_path / "again", "me/two-forms"), "the remedy works"


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "make some, or set HF_HOME to a folder on a larger disk"),
        (errno.EDQUOT, "make some, or set HF_HOME"),
        (errno.EACCES, "set HF_HOME to a folder of yours"),
        (errno.EROFS, "set HF_HOME to a folder of yours"),
    ],
)
@pytest.mark.usefixtures("hub")
def test_a_cache_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("huggingface_hub.snapshot_download", full)
    assert words in refused(tmp_path, "me/two-forms")


def test_a_tokenizer_of_another_form_is_converted(hub: Hub, tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    KINDS["byte_level"]().model.save(str(tmp_path / "parts"))
    older = hub.repositories["me/older"]["main"]
    older |= {path.name: path.read_bytes() for path in (tmp_path / "parts").iterdir()}
    older["tokenizer_config.json"] = b'{"tokenizer_class": "GPT2Tokenizer"}'
    assert "tokenizer.json" in prepared(tmp_path / "model", "me/older")
    made = load_tokenizer(tmp_path / "model")
    assert made.decode(made.encode(TEXTS[0]).ids) == TEXTS[0]


@pytest.mark.parametrize("name", ["tiktoken.model", "tokenizer.model", "qwen.tiktoken"])
def test_a_tokenizer_that_cannot_be_converted(hub: Hub, tmp_path: Path, name: str) -> None:
    main = hub.repositories["me/older"]["main"]
    main |= {name: b"abc 1\n", "config.json": b'{"model_type": "llama"}'}
    said = refused(tmp_path, "me/older")
    assert f"a tokenizer of another form ({name})" in said
    assert "set source: local with their folder" in said
    assert str(tmp_path) not in said
    main["tokenizer.json"] = files()["tokenizer.json"]  # the remedy, without the copying
    hub.repositories["me/complete"] = {"main": main}
    assert name in prepared(tmp_path / "again", "me/complete")


def test_a_local_folder_gives_one_form_of_its_weights(tmp_path: Path) -> None:
    source, folder = tmp_path / "source", tmp_path / "model"
    source.mkdir()
    folder.mkdir()
    for name, content in files("model.safetensors", "consolidated.safetensors").items():
        if "/" not in name:
            (source / name).write_bytes(content)
    prepare_local(folder, source, ModelAsset(source="local", path=str(source)))
    made = sorted(path.name for path in folder.iterdir())
    assert made == ["config.json", "model.safetensors", "tokenizer.json"]


def fill_in_part(out: Path, error: BaseException) -> None:
    with filled_folder(out) as folder:
        (folder / "half").touch()
        raise error


@pytest.mark.parametrize("error", [UserError("refused"), OSError(errno.ENOSPC, "full"), KeyboardInterrupt()])
def test_a_failed_preparation_leaves_the_earlier_folder(tmp_path: Path, error: BaseException) -> None:
    out = tmp_path / "models" / "mine"
    with filled_folder(out) as folder:
        (folder / "config.json").write_text("first")
    with pytest.raises((UserError, KeyboardInterrupt)):
        fill_in_part(out, error)
    assert [path.name for path in out.parent.iterdir()] == ["mine"]
    assert [path.name for path in out.iterdir()] == ["config.json"]
    with filled_folder(out) as folder:
        (folder / "config.json").write_text("second")
    assert (out / "config.json").read_text() == "second"


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, "No space left on device", "x/y")
    words = "cannot write .*model: No space left on device.*x/y.*free space"
    with pytest.raises(UserError, match=words), filled_folder(tmp_path / "model"):
        raise full
