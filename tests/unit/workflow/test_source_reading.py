"""What a module's source says, and when that is read again."""

import sys
from pathlib import Path

import pytest

from batchscope.workflow import source_reading
from batchscope.workflow.source_reading import parsed, source_of

TEXT = '"""Rows."""\n\nfrom ..cells import Cell\nfrom . import x\nimport json\n\nNAME = "rows"\n'


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (tmp_path / "rows.py").write_text(TEXT)
    return tmp_path / "rows.py"


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose syntax was read."""
    files: list[str] = []

    def noted(text: str, name: str) -> source_reading.Source:
        files.append(name)
        return parsed(text, name)

    monkeypatch.setattr(source_reading, "parsed", noted)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return files


def test_imports_and_strings_are_found_and_docstrings_are_none(module: Path) -> None:
    source = source_of(module)
    assert source.imports == ["..cells.Cell", ".x", "json"]
    assert source.strings == ["rows"]


def test_a_module_is_read_once_and_again_when_it_changes(module: Path, read: list[str]) -> None:
    first = source_of(module)
    assert source_of(module) == first
    assert read == [str(module)]
    module.write_text(TEXT.replace('"rows"', '"rose"'))
    assert source_of(module).strings == ["rose"]
    assert source_of(module).logic != first.logic
    assert len(read) == 2


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"key": 1}'])
def test_what_was_kept_and_is_damaged_does_not_count(module: Path, read: list[str], damage: str) -> None:
    first = source_of(module)
    (kept,) = (module.parent / "__pycache__").iterdir()
    kept.write_text(damage)
    assert source_of(module) == first
    assert len(read) == 2


def test_where_nothing_may_be_written_it_is_read_each_time(
    module: Path, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert source_of(module) == source_of(module)
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    (module.parent / "__pycache__").write_text("a file, no folder")
    assert source_of(module) == source_of(module)
    assert len(read) == 4
