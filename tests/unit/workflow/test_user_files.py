"""Files of the user's make a rule stale when they change, whatever they are called."""

import os
from pathlib import Path

import pytest

from batchscope.common.errors import UserError
from batchscope.workflow.user_files import (
    MOST_INPUTS,
    as_inputs,
    refuse_unfit_place,
    stamp,
    stamp_of_those_there,
)


@pytest.mark.parametrize("name", ["mine.csv", "my texts 'x' 100% $HOME.csv", "Bücher.csv"])
def test_a_file_is_an_input(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.touch()
    assert as_inputs([str(path)]) == [str(path)]
    assert stamp([str(path)]) == ""


def test_a_missing_file_is_none(tmp_path: Path) -> None:
    assert as_inputs([str(tmp_path / "nowhere.csv")]) == []
    assert as_inputs([]) == []


def names_of(count: int) -> list[str]:
    return [f"{number}.txt" for number in range(count)]


@pytest.mark.parametrize("names", [["my {texts}.csv"], ["a.csv", "{b}"], names_of(MOST_INPUTS + 1)])
def test_what_cannot_be_an_input_has_a_stamp_that_tells_changes(tmp_path: Path, names: list[str]) -> None:
    files = [str(tmp_path / name) for name in names]
    for file in files:
        Path(file).write_text("a text")
    before = stamp(files)
    assert as_inputs(files) == []
    assert before == stamp(files) != ""
    Path(files[-1]).write_text("another text")
    changed = stamp(files)
    Path(files[-1]).unlink()
    gone = stamp(files)
    Path(files[-1]).write_text("another text")
    os.utime(files[-1], ns=(0, 0))
    assert len({before, changed, gone, stamp(files)}) == 4


@pytest.mark.parametrize("name", ["a {b}", "a}", "back\\slash", "it's", "a\nb"])
def test_a_checkout_cannot_lie_where_snakemake_changes_its_path(name: str) -> None:
    with pytest.raises(UserError, match="move the checkout to a folder without"):
        refuse_unfit_place(f"/home/me/{name}/checkout")
    refuse_unfit_place('/home/me/my "x" $HOME 100% `id` 电影 🎬/checkout')


def test_the_stamp_of_those_there_changes_with_what_is_there(tmp_path):
    page = tmp_path / "profiles.html"
    none = stamp_of_those_there([str(page)])
    page.write_text("a")
    one = stamp_of_those_there([str(page)])
    assert one == stamp_of_those_there([str(page), str(tmp_path / "memory.html")])
    page.write_text("longer")
    assert len({none, one, stamp_of_those_there([str(page)])}) == 3
