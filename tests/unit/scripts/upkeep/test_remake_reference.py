"""Tables of docs/reference, remade by today's code from the raw files that are committed beside them."""

from pathlib import Path

import pytest

from batchscope.reporting.compare_outputs import differences
from scripts.upkeep.remake_reference import MADE, REFERENCE, counterpart, remake, tell

SMOLLM2 = [REFERENCE.parent / name for name in ("smollm2-h200", "smollm2-h200-banking77")]

FAST = ("summary", "study", "labels", "cost", "profiles", "memory")
"""Reports of a second or so; those of the server draw every request of every load point."""


def test_every_number_comes_out_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One test, for the tables are made once: 25 seconds."""
    remake(REFERENCE, tmp_path, FAST)
    assert (tmp_path / "results" / "runs").resolve() == (REFERENCE / "runs").resolve()
    names = [path.relative_to(REFERENCE) for part in MADE for path in sorted((REFERENCE / part).iterdir())]
    names = [name for name in names if name.parts[0] != "timelines" and not name.name.startswith("serving_")]
    assert len(names) == 45
    found = {name: differences(REFERENCE / name, counterpart(name, tmp_path)) for name in names}
    assert {name: lines for name, lines in found.items() if lines and name.suffix != ".png"} == {}

    page = tmp_path / "shared" / "tables" / "packing.md"
    page.write_text(page.read_text().replace("35,427", "35,428"))
    assert not tell(REFERENCE, tmp_path)
    said = capsys.readouterr().out
    assert "differs: tables/packing.md" in said
    assert "differs: tables/serving_layouts.md: is not made any more" in said
    assert "not remade: README.md (written by hand)" in said


@pytest.mark.parametrize("reference", SMOLLM2, ids=lambda folder: folder.name)
def test_labels_of_a_real_model_come_out_again(reference: Path, tmp_path: Path) -> None:
    remake(reference, tmp_path, ("labels", "cost", "serving"))
    names = [Path("tables", f"{name}.csv") for name in ("runs", "labels", "labels_confusion")]
    names.append(Path("verdict.json"))
    found = {str(name): differences(reference / name, counterpart(name, tmp_path)) for name in names}
    assert {name: lines for name, lines in found.items() if lines} == {}
