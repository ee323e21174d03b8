"""A capture that is damaged is named, and stops no other."""

import json
import shutil
from pathlib import Path

import pytest
from support.memory_captures import capture

from batchscope.common.errors import UserError
from batchscope.common.seal import sealed
from batchscope.reports.memory.page import load_memory
from batchscope.reports.memory.report import write_report
from batchscope.reports.report_job import ReportJob
from batchscope.results.intact.captures import load_sound


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    """A GPU's and a processor's, sealed."""
    found = [capture(tmp_path, device) for device in ("cuda", "cpu")]
    for folder in found:
        path = folder / "memory.json"
        files = [other.name for other in folder.iterdir() if other != path]
        path.write_text(json.dumps(sealed(json.loads(path.read_text()), folder, files)))
    return found


def test_sound_ones_are_shown_and_the_other_is_named(folders: list[Path], tmp_path: Path) -> None:
    assert len(load_sound(folders, load_memory)[0]) == 2
    environment = folders[0] / "environment.json"
    environment.write_text(environment.read_text() + " ")
    write_report(ReportJob(tmp_path, tmp_path, captures=tuple(folders)))
    page = (tmp_path / "tables" / "memory.md").read_text()
    assert f"Not shown: {folders[0]} holds no whole capture (environment.json: not as it was written" in page
    assert set((tmp_path / "tables" / "memory.csv").read_text().split(",")) & {"run-cpu"}
    assert "run-cuda," not in (tmp_path / "tables" / "memory.csv").read_text()


def test_a_capture_in_another_s_place_is_noticed_and_without_any_there_is_no_page(
    folders: list[Path],
) -> None:
    shutil.rmtree(folders[1])
    shutil.copytree(folders[0], folders[1])
    _, notes = load_sound(folders, load_memory)
    assert "it is that of s/run-cuda/memory" in notes[0]
    with pytest.raises(UserError, match="delete it and profile again"):
        load_sound(folders[1:], load_memory)
