"""A tokenizer and a model that do not belong together are told before a GPU dies of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from support.tokenizers_of_kinds import KINDS

from batchscope.common.errors import UserError
from batchscope.inputs.models import load_tokenizer
from batchscope.inputs.vocabulary import check_token_ids, vocabulary_size


def folder_with(folder: Path, kind: str, config: dict[str, Any], *added: str) -> tuple[Path, int]:
    """A model's two files; the number of the tokenizer's own words."""
    tokenizer = KINDS[kind]()
    tokenizer.add_tokens(list(added))
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps(config))
    return folder, tokenizer.get_vocab_size(with_added_tokens=False)


@pytest.mark.parametrize("kind", ["byte_level", "sentence_piece", "unigram"])
def test_the_tokenizer_of_a_larger_model_is_refused(kind: str, tmp_path: Path) -> None:
    folder, words = folder_with(tmp_path, kind, {})
    (folder / "config.json").write_text(json.dumps({"vocab_size": words - 1}))
    with pytest.raises(
        UserError, match=rf"has {words:,} tokens, .* vocab_size {words - 1:,}: one of the two"
    ):
        load_tokenizer(folder)
    (folder / "config.json").write_text(json.dumps({"vocab_size": words}))
    assert load_tokenizer(folder).get_vocab_size(with_added_tokens=False) == words


@pytest.mark.parametrize("size", [None, "large", 0, [1], {}])
def test_a_configuration_without_a_size_says_nothing(size: object, tmp_path: Path) -> None:
    folder, _ = folder_with(tmp_path, "byte_level", {"vocab_size": size} if size is not None else {})
    assert vocabulary_size(folder) is None
    load_tokenizer(folder)
    check_token_ids([[10**9]], folder, "a set")


def test_the_size_of_a_model_of_several_parts_is_its_language_part_s(tmp_path: Path) -> None:
    folder, _ = folder_with(tmp_path, "byte_level", {"vocab_size": 7, "text_config": {"vocab_size": 100_000}})
    assert vocabulary_size(folder) == 100_000


def test_a_token_that_was_added_to_the_tokenizer_alone_is_refused_where_it_is_used(tmp_path: Path) -> None:
    folder, _ = folder_with(tmp_path, "byte_level", {}, "<|label|>")
    tokenizer = load_tokenizer(folder)
    (folder / "config.json").write_text(json.dumps({"vocab_size": tokenizer.get_vocab_size() - 1}))
    load_tokenizer(folder)  # nobody has to use it
    check_token_ids([tokenizer.encode("good").ids, []], folder, "mine-separate-r4")
    with pytest.raises(UserError, match=r"mine-separate-r4: its prompts hold token .*does not know"):
        check_token_ids([[1], tokenizer.encode("good <|label|>").ids], folder, "mine-separate-r4")
    (folder / "config.json").write_text(json.dumps({"vocab_size": tokenizer.get_vocab_size()}))
    check_token_ids([tokenizer.encode("good <|label|>").ids], folder, "mine-separate-r4")
