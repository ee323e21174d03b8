"""Answers cut at their numbers, and JSON that may be cut off."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchscope.inputs.answers.numbered_lines import json_pairs, numbered_parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("1. a\n2. b", [(None, ""), (1, " a\n"), (2, " b")]),
        ("1) a\n 2: b\n**3.** c\n- 4 d", [(None, ""), (1, " a\n"), (2, " b\n"), (3, "** c\n"), (4, "d")]),
        ("Sure:\n1.\na\n2.\nb", [(None, "Sure:\n"), (1, "\na\n"), (2, "\nb")]),
        ("1. a 2. b, 3. c", [(None, ""), (1, " a "), (2, " b, "), (3, " c")]),
        ("1. a 7. b\n2. c", [(None, ""), (1, " a 7. b\n"), (2, " c")]),
        ("a\nb", [(None, "a\nb")]),
        ("2nd", [(None, "2nd")]),
        ("", [(None, "")]),
    ],
)
def test_parts(text, parts):
    found = numbered_parts(text, one_line=True)
    assert [(part.number, part.text) for part in found] == parts
    assert all(text[part.start :].startswith(part.text) for part in found)


def test_numbers_inside_a_line_may_be_labels():
    assert numbered_parts("1. level 2. b", one_line=False) == [(None, "", 0), (1, " level 2. b", 2)]


@given(st.text(alphabet="12. ):a\n-", max_size=40), st.booleans())
def test_parts_are_the_text_without_its_numbers(text, one_line):
    before, *parts = numbered_parts(text, one_line)
    assert before.number is None
    assert text.startswith(before.text)
    rest = text[len(before.text) :]
    for part in parts:
        assert str(part.number) in rest
        assert part.text in rest
        rest = rest[rest.index(part.text) + len(part.text) :]


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ('{"1": "a", "2": "b"}', [("1", "a"), ("2", "b")]),
        ('Here: ```{"label" :"a"}```', [("label", "a")]),
        ('{"1": "a", "2": "b', [("1", "a"), ("2", "b")]),
        (r'{"1": "say \"a\"", "2": "\u00e9"}', [("1", 'say "a"'), ("2", "é")]),
        ('{"1": 5}', []),
        ("a", []),
    ],
)
def test_pairs(text, pairs):
    found = json_pairs(text)
    assert [(pair.key, pair.text) for pair in found] == pairs
    assert all(text[pair.start - 1] == '"' and text[pair.end : pair.end + 1] in ('"', "") for pair in found)


@given(st.text(alphabet='{}":,\\u1a \n', max_size=60))
def test_pairs_of_anything(text):
    assert all(isinstance(value, str) for pair in json_pairs(text) for value in (pair.key, pair.text))
