"""JSON: an object a line or an array of objects."""

import json
from pathlib import Path
from random import Random

import pytest
from support.text_files import GOOD_BAD, as_json_lines, make_from_file, pairs, texts_of


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (b'{"text": "a"}\n{"text": "b"\n', ("row 2 (line 2): no JSON",)),
        (b'{"text": "a"}\n\n\n"b"\n', ('row 2 (line 4): "b" is no object', '{"text": ...')),
        (b'{"text": "a"}\n{"txt": "b"}\n', ("row 2 (line 2): empty text",)),
        (b'{"text": "a"}\n{"text": null}\n', ("row 2 (line 2): empty text",)),
        (b'{"text": "half \\ud83d a pair"}\n', ("row 1 (line 1)", "not UTF-8")),
        (b'{"text": "nul \\u0000"}\n', ("row 1 (line 1): a NUL character",)),
        (b'{"text": "Tr\xe8s bon"}\n', ("row 1 (line 1): bytes that are not UTF-8",)),
        (b"[1, 2]", ("row 1: 1 is no object", "row 2")),
        (b'[{"text": "a"}', ("a.jsonl is no JSON", "correct it there")),
        (b"{}\n{}\n", ("dataset.file.text_column", "no column holds texts")),
        (b"not JSON at all\n", ("dataset.file",)),
    ],
)
def test_wrong_lines_are_named(tmp_path: Path, content: bytes, fragments: tuple[str, ...]) -> None:
    make_from_file(tmp_path, "a.jsonl", content).assert_refused(*fragments)


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\n\n"])
def test_line_ends_and_a_byte_order_mark(tmp_path: Path, ending: bytes) -> None:
    lines = as_json_lines(
        [{"text": "Fine.", "label": "good"}, {"text": "Poor.", "label": "bad"}]
    ).splitlines()
    outcome = make_from_file(tmp_path, "a", b"\xef\xbb\xbf" + ending.join(lines), GOOD_BAD)
    assert pairs(outcome) == [("Fine.", "good"), ("Poor.", "bad")]


def test_keys_may_differ_from_line_to_line(tmp_path: Path) -> None:
    rows = [{"text": "a"}, {"label": "good", "text": "b"}, {"text": "c", "note": [1], "label": None}]
    outcome = make_from_file(tmp_path, "a.ndjson", as_json_lines(rows), GOOD_BAD)
    assert pairs(outcome) == [("a", None), ("b", "good"), ("c", None)]
    assert "the file's columns: text, label, note" in outcome.stdout


@pytest.mark.parametrize("seed", range(8))
def test_any_text_comes_back_as_it_was(tmp_path: Path, seed: int) -> None:
    rng = Random(seed)
    pieces = ["a", "ß", "🎬", '"', "\\", "\n", "\r\n", "\r", "\u2028", "\x85", "{", "}", ",", "\t"]
    rows = [
        {
            "text": f"t{''.join(rng.choices(pieces, k=rng.randint(0, 12)))}",
            "label": rng.choice(["good", "bad"]),
        }
        for _ in range(60)
    ]
    for name, content in (("a.jsonl", as_json_lines(rows)), ("a.json", json.dumps(rows, indent=1).encode())):
        assert pairs(make_from_file(tmp_path, name, content, GOOD_BAD)) == [
            (row["text"], row["label"]) for row in rows
        ]


def test_an_array_has_rows_and_no_lines(tmp_path: Path) -> None:
    outcome = make_from_file(tmp_path, "a.json", b'[{"text": "a b"}, {"text": "c d"}]')
    assert [(text.row, text.line) for text in texts_of(outcome)] == [(1, None), (2, None)]
