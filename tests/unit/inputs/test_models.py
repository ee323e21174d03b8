"""Model folders: the tokenizer, as vLLM has it."""

import json
from pathlib import Path

import pytest
from support.tokenizers_of_kinds import KINDS
from transformers import AutoTokenizer

from batchscope.common.errors import UserError
from batchscope.inputs.models import load_tokenizer

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
