"""Texts of prompts, read from the file beside their token ids."""

from pathlib import Path

import pytest

from batchscope.worker.server.prompt_texts import read_texts


@pytest.mark.parametrize("adds", [True, False])
def test_copies_share_a_text(tmp_path: Path, adds: bool) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text('"one\\nline"\n"two \u00e9"\n', encoding="utf-8")
    texts = read_texts({"texts": str(path), "adds_special_tokens": adds})
    assert [texts.of(prompt) for prompt in range(4)] == ["one\nline", "two \u00e9"] * 2
    assert texts.whole is not adds
