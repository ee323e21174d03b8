"""Prompts and answers as they are read back from files."""

import json

import pytest

from batchscope.common.errors import UserError
from batchscope.results.asked_prompts import AskedPrompt, read_answers, read_prompts


def test_a_text_without_a_gold_label_has_none(tmp_path):
    lines = [
        {"id": 0, "text_ids": [4, 5], "labels": ["refund", None], "duplicate": 0, "token_ids": [1, 2]},
        {"id": 1, "text_ids": [6], "labels": [None], "duplicate": 1, "token_ids": [1]},
    ]
    path = tmp_path / "prompts.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    assert read_prompts(path) == {
        0: AskedPrompt((4, 5), ("refund", None), 0),
        1: AskedPrompt((6,), (None,), 1),
    }


def test_prompts_without_any_gold_label_are_read(tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text(json.dumps({"id": 0, "text_ids": [4], "labels": [None], "duplicate": 0}))
    assert read_prompts(path)[0].gold == (None,)


def test_prompts_under_their_first_names_are_read(tmp_path):
    path = tmp_path / "prompts.jsonl"
    path.write_text(json.dumps({"id": 0, "review_ids": [4, 2], "labels": [None, "a"], "duplicate": 0}))
    assert read_prompts(path) == {0: AskedPrompt((4, 2), (None, "a"), 0)}
    path.write_text(json.dumps({"id": 0, "labels": [None], "duplicate": 0}))
    with pytest.raises(UserError, match="cannot be read"):
        read_prompts(path)


def test_damaged_files_are_named(tmp_path):
    bad = tmp_path / "prompts.jsonl"
    bad.write_text('{"id": 0, "text_ids"')
    with pytest.raises(UserError, match=r"prompts\.jsonl: cannot be read"):
        read_prompts(bad)
    with pytest.raises(UserError, match=r"requests\.parquet: cannot be read"):
        read_answers(tmp_path)
