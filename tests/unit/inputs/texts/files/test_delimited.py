"""CSV and its kin: delimiters, quotes, encodings, and where a file is broken."""

from pathlib import Path
from random import Random
from typing import Any

import pytest
from support.text_files import GOOD_BAD, TICKETS, as_csv, make_from_file, pairs, texts_of

WANTED = [(row["text"], row["team"]) for row in TICKETS]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a.txt.csv", "data"])
def test_the_delimiter_is_read_off_the_header(tmp_path: Path, name: str, delimiter: str) -> None:
    assert pairs(make_from_file(tmp_path, name, as_csv(TICKETS, delimiter))) == WANTED


@pytest.mark.parametrize(
    ("delimiter", "key"), [("\t", "tab"), ("\t", "\t"), ("~", "~"), ("^", "^"), (";", ";")]
)
def test_a_delimiter_can_be_named(tmp_path: Path, delimiter: str, key: str) -> None:
    assert pairs(make_from_file(tmp_path, "a.csv", as_csv(TICKETS, delimiter), delimiter=key)) == WANTED


def test_a_column_of_its_own_may_hold_the_other_delimiters(tmp_path: Path) -> None:
    rows = [
        {"id;number": 1, "text": "a;b;c", "label": "good"},
        {"id;number": 2, "text": "d\te", "label": "bad"},
    ]
    assert pairs(make_from_file(tmp_path, "a.csv", as_csv(rows), GOOD_BAD)) == [
        ("a;b;c", "good"),
        ("d\te", "bad"),
    ]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (b'text\tlabel\n"Fine" film\tgood\n', [('"Fine" film', "good")]),
        (b'text\tlabel\n"Fine\tgood\nPoor"\tbad\n', [('"Fine', "good"), ('Poor"', "bad")]),
        (b'text;label\nsaid ""no"";bad\n', [('said ""no""', "bad")]),
    ],
)
def test_quotes_may_be_part_of_the_text(
    tmp_path: Path, content: bytes, wanted: list[tuple[str, str]]
) -> None:
    assert pairs(make_from_file(tmp_path, "a.tsv", content, GOOD_BAD, quotes=False)) == wanted


@pytest.mark.parametrize(
    ("content", "fragments"),
    [
        (b'text\tlabel\n"Fine" film\tgood\n', ("row 1 (line 2)", "dataset.file.quotes: false")),
        (b'text,label\n"a\nb",good\n"Fine,good\n', ("row 2 (line 4)", "close the quote")),
        (b'text,"label\nFine,good\n', ("the header", "close the quote")),
        (b"text;label\nFine; really;good\n", ("row 1 (line 2): 3 fields", "semicolons")),
        (b"text\tlabel\nFine\n", ("1 fields where the header has 2", "tabs")),
    ],
)
def test_broken_rows_are_named(tmp_path: Path, content: bytes, fragments: tuple[str, ...]) -> None:
    make_from_file(tmp_path, "a.data", content, GOOD_BAD).assert_refused(
        "dataset.file.path: a.data", *fragments
    )


FRENCH = [{"text": "Très bon, déjà vu", "label": "good"}, {"text": "Pas terrible", "label": "bad"}]


@pytest.mark.parametrize(
    "encoding", ["cp1252", "latin-1", "utf-16", "utf-16-le", "utf-8-sig", "UTF-8", "mac_roman"]
)
def test_any_encoding(tmp_path: Path, encoding: str) -> None:
    content = as_csv(FRENCH).decode().encode(encoding)
    outcome = make_from_file(tmp_path, "a.csv", content, GOOD_BAD, encoding=encoding)
    assert pairs(outcome) == [(row["text"], row["label"]) for row in FRENCH]


@pytest.mark.parametrize(
    ("encoding", "fragments"),
    [
        ("cp1252", ("row 1 (line 2): bytes that are not UTF-8", "set dataset.file.encoding, such as cp1252")),
        ("latin-1", ("row 1 (line 2): bytes that are not UTF-8",)),
        ("utf-16", ("a.csv is UTF-16", "set dataset.file.encoding: utf-16")),
        ("utf-16-be", ("dataset.file",)),
    ],
)
def test_another_encoding_than_configured(tmp_path: Path, encoding: str, fragments: tuple[str, ...]) -> None:
    content = as_csv(FRENCH).decode().encode(encoding)
    make_from_file(tmp_path, "a.csv", content, GOOD_BAD).assert_refused(*fragments)


def test_half_a_file_of_two_byte_characters(tmp_path: Path) -> None:
    content = as_csv(FRENCH).decode().encode("utf-16")
    outcome = make_from_file(tmp_path, "a.csv", content[:-1], GOOD_BAD, encoding="utf-16")
    outcome.assert_refused("dataset.file.path", "a.csv")


def test_empty_lines_before_the_header(tmp_path: Path) -> None:
    outcome = make_from_file(tmp_path, "a.csv", b"\n\r\n" + as_csv(TICKETS))
    assert pairs(outcome) == WANTED
    assert [text.line for text in texts_of(outcome)] == [4, 5, 6, 7]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_any_text_comes_back_as_it_was(tmp_path: Path, seed: int, delimiter: str) -> None:
    """Texts of all that could trouble a CSV reader, written as RFC 4180 says."""
    rng = Random(seed)
    pieces = [
        "a",
        "ß",
        "🎬",
        '"',
        '""',
        ",",
        "\t",
        ";",
        "|",
        "\n",
        "\r\n",
        "\r",
        " ",
        "'",
        "\\",
        "\\n",
        "\u2028",
        "#",
        "x,y",
    ]
    texts = [f"t{''.join(rng.choices(pieces, k=rng.randint(0, 12)))}t" for _ in range(60)]
    rows: list[dict[str, Any]] = [
        {"text": text, "label": rng.choice(["good", "bad", None])} for text in texts
    ]
    outcome = make_from_file(tmp_path, "a.csv", as_csv(rows, delimiter), GOOD_BAD)
    assert pairs(outcome) == [(row["text"], row["label"]) for row in rows]
