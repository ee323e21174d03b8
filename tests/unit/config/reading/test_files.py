"""A configuration file that cannot be read is refused with its name, the line and the reason."""

from pathlib import Path

import pytest
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.config.reading.files import read_file

WRONG = {
    "not closed": ("studies: [\n", ", line 2, column 1: is no YAML: "),
    "colon in a text": ("question: does it: pay\n", ", line 1, column 18: is no YAML: mapping values"),
    "tab": ("a:\n\tb: 1\n", ", line 2, column 1: is no YAML: ", "indent with spaces"),
    "unknown alias": ("a: *b\n", ", line 1, column 4: is no YAML: found undefined alias"),
    "python": ("a: !!python/object:os.system {}\n", ", line 1, column 4: is no YAML"),
    "two documents": ("a: 1\n---\nb: 2\n", ", line 2, column 1: is no YAML"),
    "no such day": ("x: 1\na: 2026-02-30\n", ", line 2, column 4: ", "put it into quotes"),
    "number of 5,000 digits": (f"a: {'9' * 5000}\n", ", line 1, column 4: ", "put it into quotes"),
    "no such truth": ("a: !!bool x\n", ", line 1, column 4: "),
    "no such date": ("a: !!timestamp x\n", ", line 1, column 4: "),
    "doubled": (
        "studies:\n  a: 1\n  b: 2\n  a: 3\n",
        ", line 4: the key 'a' stands there again (as in line 2)",
    ),
    "doubled in one line": ("{a: 1, a: 2}\n", ", line 1: the key 'a' stands there again"),
    "doubled below an alias": ("x: &x {n: 1, n: 2}\ny: *x\n", ", line 1: the key 'n' stands there again"),
    "alias of itself": ("a: &x [*x]\n", ", line 1: an alias (*name) stands inside what it stands for"),
    "mapping of itself": ("a: &x\n  b: *x\n", "stands inside what it stands for"),
    "nested": ("a: " + "[" * 3000, ": is nested too deeply"),
    "nested and closed": ("a: " + "[" * 2000 + "]" * 2000, ": is nested too deeply"),
    "list": ("- 1\n", ": holds no keys"),
    "empty": ("# nothing\n", ": holds no keys"),
    "control character": ("a: \0\n", ": is no YAML: special characters"),
    "unhashable key": ("{a: 1}: b\n", ", line 1, column 1: is no YAML: found unhashable key"),
}
BOMB = "a: &a [1,1,1,1,1,1,1,1,1,1]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as error:
        read_file(path)
    return str(error.value)


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_yaml_is_refused_with_file_line_and_reason(tmp_path: Path, name: str) -> None:
    text, *words = WRONG[name]
    (tmp_path / "mine.yaml").write_text(text)
    said = refusal(tmp_path / "mine.yaml")
    assert said.startswith(f"{tmp_path / 'mine.yaml'}{words[0]}") or words[0] in said
    assert all(each in said for each in words)
    assert "\n" not in said


def test_a_few_lines_that_stand_for_millions_of_values_are_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(BOMB)
    assert "line 5: aliases (*name) make more than 100,000 values" in refusal(tmp_path / "mine.yaml")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1,\n "b": }', "line 2: is no JSON: Expecting value"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('{"b": {"a": 1, "a": 2}}', "the key 'a' stands twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "more digits than can be read"),
        ("[1]", "holds no keys"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "mine.json").write_text(text)
    assert words in refusal(tmp_path / "mine.json")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16"])
def test_a_file_in_another_encoding_is_refused_and_the_remedy_works(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("gpus: 0\ntitle: Größe\n", encoding=encoding)
    said = refusal(path)
    assert (
        f"{path}, line {1 if encoding == 'utf-16' else 2}: holds bytes that are not UTF-8; save the file as UTF-8"
        in said
    )
    path.write_text(path.read_text(encoding=encoding), encoding="utf-8")
    assert read_file(path).values == {"gpus": 0, "title": "Größe"}


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    assert "is a folder; name a configuration file" in refusal(tmp_path)
    assert "cannot be read (No such file or directory)" in refusal(tmp_path / "nothing.yaml")


def test_what_is_right_is_read_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("\ufeffa: &a {x: 1}\nb: *a\nc:\n  <<: *a\n  y: 电影\n")
    assert read_file(tmp_path / "mine.yaml").values == {
        "a": {"x": 1},
        "b": {"x": 1},
        "c": {"x": 1, "y": "电影"},
    }
    assert read_file(ROOT / "config.yaml").values["gpus"] == 0
