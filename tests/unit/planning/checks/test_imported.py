"""Result files of other benchmarks."""

from pathlib import Path

from support.imported_results import FILES
from support.situations import problem, situation

from batchscope.planning.checks.imported import check


def imported(**files: str) -> dict[str, object]:
    return {"imported": {name: {"path": path} for name, path in files.items()}}


def test_a_file_that_cannot_be_read_is_told_before_anything_is_measured(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"a": 1')
    found = problem(list(check(situation(imported(good=str(FILES / "aiperf.csv"), broken=str(broken))))))
    assert found.where == "imported.broken.path"
    assert "no JSON" in found.what
    assert "copy it again" in found.remedy


def test_files_that_can_be_read_and_dropped_ones_are_no_problem() -> None:
    assert not list(check(situation(imported(theirs=str(FILES / "guidellm.json")))))
    assert not list(check(situation({"imported": {"theirs": None}})))
