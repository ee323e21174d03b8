"""Plain text: a line is a text, or a file of a folder is."""

from pathlib import Path

import pytest
from support.text_files import GOOD_BAD, make_from_file, pairs, texts_of

from batchscope.inputs.texts.files.plain_lines import files_of


def folder_of(folder: Path, **files: str | bytes) -> None:
    """Files below ``folder``; two underscores in a name stand for a slash, one for a dot."""
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


@pytest.mark.parametrize(
    ("content", "texts", "lines"),
    [
        (b"One.\nTwo, and more.\n", ["One.", "Two, and more."], [1, 2]),
        (b"\xef\xbb\xbfOne.\r\n\r\n  \r\n  Two. ", ["One.", "  Two. "], [1, 4]),
        ("\nnaïve 🎬\u2028same line\n".encode(), ["naïve 🎬\u2028same line"], [2]),
        (b'text,label\n"a","b"\n', ["text,label", '"a","b"'], [1, 2]),
    ],
)
def test_each_line_is_a_text(tmp_path: Path, content: bytes, texts: list[str], lines: list[int]) -> None:
    outcome = make_from_file(tmp_path, "mine.txt", content)
    assert pairs(outcome) == [(text, None) for text in texts]
    assert [text.line for text in texts_of(outcome)] == lines


def test_sub_folders_are_labels(tmp_path: Path) -> None:
    folder_of(
        tmp_path / "mine",
        good__1_txt="Fine.",
        bad__10_txt="Worse.\n",
        bad__2_txt="Poor.\r\n",
        bad__x_csv="no",
    )
    outcome = make_from_file(tmp_path, "mine", None, GOOD_BAD)
    assert pairs(outcome) == [("Poor.", "bad"), ("Worse.", "bad"), ("Fine.", "good")]
    assert [text.id for text in texts_of(outcome)] == ["bad/2.txt", "bad/10.txt", "good/1.txt"]
    assert outcome.summary["order"] == "by the files' names"


def test_a_folder_without_sub_folders_has_no_labels(tmp_path: Path) -> None:
    folder_of(tmp_path / "mine", a_txt="One\ntwo.", b_TXT="Three.")
    assert pairs(make_from_file(tmp_path, "mine", None)) == [("One\ntwo.", None), ("Three.", None)]


def test_the_nearest_folder_is_the_label_and_loose_files_have_none(tmp_path: Path) -> None:
    folder_of(tmp_path / "mine", train__good__1_txt="Fine.", test__bad__1_txt="Poor.", readme_txt="About.")
    outcome = make_from_file(tmp_path, "mine", None, GOOD_BAD)
    assert sorted(pairs(outcome)) == [("About.", None), ("Fine.", "good"), ("Poor.", "bad")]


def test_hidden_files_are_left_out_and_numbers_are_in_order(tmp_path: Path) -> None:
    names = ["a1.txt", "a2.txt", "a10.txt", "b.txt"]
    for name in [*names, ".hidden.txt", ".git/c.txt"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert [path.name for path in files_of(tmp_path)] == names


@pytest.mark.parametrize(
    ("files", "fragments"),
    [
        ({}, ("holds no .txt files", "put some there")),
        ({"tickets_csv": "text\na\n"}, ("holds no .txt files", "name one of its files (tickets.csv)")),
        ({"good__1_txt": "Fine.", "bad__2_txt": " \n"}, ("bad/2.txt: empty text", "1 dirty row")),
        ({"good__1_txt": b"Tr\xe8s bon"}, ("good/1.txt: bytes that are not UTF-8",)),
        ({"meh__1_txt": "Hm."}, ("none of good, bad", "'meh' first in meh/1.txt")),
    ],
)
def test_a_wrong_folder(tmp_path: Path, files: dict[str, str | bytes], fragments: tuple[str, ...]) -> None:
    (tmp_path / "mine").mkdir()
    folder_of(tmp_path / "mine", **files)
    make_from_file(tmp_path, "mine", None, GOOD_BAD).assert_refused(*fragments)


def test_a_folder_is_no_csv_and_has_no_checksum(tmp_path: Path) -> None:
    folder_of(tmp_path / "mine", a_txt="One.")
    make_from_file(tmp_path, "mine", None, format="csv").assert_refused(
        "mine is a folder, and the format is csv"
    )
    make_from_file(tmp_path, "mine", None, sha256="0" * 64).assert_refused(
        "dataset.file.sha256", "set this key to null"
    )


def test_another_encoding(tmp_path: Path) -> None:
    folder_of(tmp_path / "mine", a_txt="Très bon".encode("cp1252"))
    assert pairs(make_from_file(tmp_path, "mine", None, encoding="cp1252")) == [("Très bon", None)]
