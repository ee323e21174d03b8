"""Tables of docs/reference/h100, remade by today's code from the raw files that are committed beside them."""

import pytest

from batchscope.reporting.same_figures import differences
from scripts.remake_reference import MADE, REFERENCE, counterpart, remake, tell

SLOW = ("serving_",)
"""Reports that draw every request of every load point; scripts/remake_reference.py makes them too."""


@pytest.fixture(scope="module")
def remade(tmp_path_factory):
    folder = tmp_path_factory.mktemp("remade")
    remake(REFERENCE, folder, ("summary", "study", "labels", "cost", "profiles", "memory"))
    return folder


def committed(*kinds):
    return [
        path.relative_to(REFERENCE)
        for part in MADE
        for path in sorted((REFERENCE / part).iterdir())
        if path.suffix in kinds and not path.name.startswith(SLOW) and part != "timelines"
    ]


@pytest.mark.parametrize("name", committed(".md", ".csv", ".svg"), ids=str)
def test_every_number_is_the_same(remade, name):
    assert differences(REFERENCE / name, counterpart(name, remade)) == []


def test_the_raw_files_are_only_read(remade):
    assert (remade / "results" / "runs").resolve() == (REFERENCE / "runs").resolve()
    assert (remade / "shared" / "config.json").read_bytes() == (REFERENCE / "config.json").read_bytes()


def test_what_is_missing_or_changed_is_told(remade, capsys):
    page = remade / "shared" / "tables" / "packing.md"
    before = page.read_text()
    page.write_text(before.replace("35,387", "35,388"))
    try:
        assert not tell(REFERENCE, remade)
    finally:
        page.write_text(before)
    said = capsys.readouterr().out
    assert "differs: tables/packing.md" in said
    assert "differs: tables/serving_layouts.md: is not made any more" in said
    assert "not remade: README.md (written by hand)" in said
