"""Mistakes end in one message that names the key or row, before an engine starts, and what it says helps.

All are tried here in this process, by what the workflow calls; some of each kind go through Snakemake too, see
test_mistakes_end_to_end.py. What is said of each stands in docs/mistakes.md.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.mistakes import EACH, MISTAKES
from support.mistakes.looking import configured, said
from support.mistakes.mistake import KINDS, World
from support.mistakes.table import PAGE, row

from batchscope.studies.grid import expand_studies


@pytest.mark.parametrize(("kind", "name"), EACH)
def test_a_mistake_is_told_and_what_is_said_helps(kind: str, name: str, tmp_path: Path) -> None:
    mistake = MISTAKES[kind][name]
    message = said(mistake.wrong, tmp_path)
    assert message is not None, "an engine would be started"
    assert [words for words in mistake.says if words not in message] == [], message
    assert said(mistake.right, tmp_path) is None
    assert row(name, mistake, message) in rows_of_page(), "python tests/write_mistakes.py"


def rows_of_page() -> Iterator[str]:
    return (line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| "))


def test_the_page_tells_of_each_mistake_once_and_of_no_other() -> None:
    headings = [line for line in rows_of_page() if line.startswith(("| what", "| ---"))]
    assert len(list(rows_of_page())) - len(headings) == len(EACH)


def test_every_kind_of_mistake_is_tried() -> None:
    assert tuple(MISTAKES) == KINDS
    assert min(map(len, MISTAKES.values())) >= 10
    assert sum(mistake.end_to_end for of_kind in MISTAKES.values() for mistake in of_kind.values()) >= 20


def test_what_the_mistakes_are_laid_over_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert said(World({}), tmp_path) is None
    monkeypatch.chdir(tmp_path)
    assert len(expand_studies(configured())) == 3
