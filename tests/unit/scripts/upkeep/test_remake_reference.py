"""Tables of docs/reference, remade by today's code from the raw files that are committed beside them."""

import re
import shutil
from pathlib import Path

import pytest

from batchscope.reporting.compare_outputs import differences
from scripts.upkeep.remake_reference import MADE, REFERENCE, counterpart, remake, tell, write

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


def test_what_is_written_is_what_differs_and_no_noise(tmp_path: Path) -> None:
    """A reference of which one number is off, and another has the last digit of another processor."""
    reference = shutil.copytree(REFERENCE.parent / "h200-cascade-20", tmp_path / "reference")
    made = tmp_path / "made"
    remake(reference, made, ("study", "cost"))
    runs, names = (
        reference / "tables" / "runs.csv",
        [Path("tables", f"{name}.csv") for name in ("runs", "cost")],
    )
    assert [found for name in names for found in differences(reference / name, counterpart(name, made))] == []

    good = runs.read_text()
    speed = re.findall(r"(?<=,)213\.\d+(?=,)", good)[0]
    noisy = good.replace(speed, f"{float(speed) * (1 + 1e-13)}")
    assert noisy != good
    runs.write_text(noisy)
    assert names[0] not in write(reference, made)
    assert runs.read_text() == noisy

    runs.write_text(noisy.replace(",8000,", ",8001,"))
    assert names[0] in write(reference, made)
    assert runs.read_text() == noisy
    assert names[1] not in write(reference, made)
