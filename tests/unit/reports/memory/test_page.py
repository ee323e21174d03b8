"""The memory page: its rows, findings and files."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from support.memory_captures import GPU_FIGURES, PARAMETERS, capture

from batchscope.common.errors import UserError
from batchscope.reports.memory.frame import (
    MEMORY_LINES,
    NOT_PREDICTED,
)
from batchscope.reports.memory.page import MemoryProfile, load_memory, memory_page
from batchscope.reports.memory.report import write_report
from batchscope.reports.report_job import ReportJob


@pytest.mark.parametrize("name", ["memory.json", "environment.json", "timeline.parquet"])
def test_a_folder_without_a_whole_capture_is_named(tmp_path: Path, name: str) -> None:
    folder = capture(tmp_path, "cuda")
    (folder / name).write_bytes(b"{")
    with pytest.raises(UserError, match="holds no whole capture") as error:
        load_memory([folder])
    assert str(folder) in str(error.value)


def test_measured_stands_beside_predicted(tmp_path: Path) -> None:
    folders = [capture(tmp_path, device) for device in ("cuda", "cpu")]
    page = memory_page(load_memory(folders), tmp_path / "tables")
    rows = {row[0]: row[1:] for row in page.table.rows}
    assert list(rows) == [*MEMORY_LINES, "in use"]
    weights = 2 * PARAMETERS / 1e6
    assert rows["weights"][:3] == ["0.0", f"{weights:.1f}", f"-{weights:.1f}"]
    for line in (*NOT_PREDICTED, "in use"):  # the cost model does not know them
        assert rows[line][:3] == ["0.0", "", ""]
        assert rows[line][4:] == ["", ""]
    assert page.files == [
        f"../profiles/s/run-cuda/memory/{name}" for name in ("snapshot.pickle", "timeline.html")
    ]
    assert any(note.startswith("On CPU") and "no snapshot" in note for note in page.notes)


def with_figures(found: MemoryProfile, **figures: int) -> MemoryProfile:
    """The same capture, with these sizes in MB."""
    sizes = {name: size * 1_000_000 for name, size in figures.items()}
    return replace(found, memory={**found.memory, "figures": {**found.memory["figures"], **sizes}})


def test_a_finding_tells_why_more_is_in_use_than_asked_for(tmp_path: Path) -> None:
    gpu, cpu = load_memory([capture(tmp_path, device) for device in ("cuda", "cpu")])
    sizes = {name: size for name, size in GPU_FIGURES.items() if name != "used"}
    more = memory_page([with_figures(gpu, **sizes, used=1900)], tmp_path)
    assert more.findings[0].endswith(", all else 1,250.0.")
    assert more.findings[1:] == [
        "s/run-cuda: 95.0 % of the device is in use, where gpu_memory_utilization asks for 90.0 %: 100.0 MB more. "
        "All else takes 1,250.0 MB (CUDA graphs 79.0, further tensors 20.0, reserve of PyTorch's allocator 60.0, "
        "outside PyTorch's allocator 1,091.0); vLLM left 1,145.0 for it when it sized the KV cache."
    ]
    assert any(
        "vLLM left 1,145.0 for all else" in note and "(predicted 785.0)" in note for note in more.notes
    )
    less = memory_page([with_figures(gpu, **sizes, used=1700)], tmp_path)
    assert less.findings[1:] == [
        "s/run-cuda: 85.0 % of the device is in use, where gpu_memory_utilization asks for 90.0 %: 100.0 MB less."
    ]
    assert len(memory_page([cpu], tmp_path).findings) == 1  # there it is no share of a device


def test_all_is_written(tmp_path: Path) -> None:
    folders = [capture(tmp_path, device) for device in ("cuda", "cpu")]
    write_report(ReportJob(tmp_path, tmp_path, captures=tuple(folders)))
    frame = pd.read_csv(tmp_path / "tables" / "memory.csv")
    assert frame.groupby("run")["measured_bytes"].sum().to_dict() == {"run-cuda": 1000, "run-cpu": 1000}
    assert (
        "[../profiles/s/run-cuda/memory/snapshot.pickle]" in (tmp_path / "tables" / "memory.md").read_text()
    )
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"memory.png", "memory.svg"}
    assert "window" in (tmp_path / "plots" / "memory.svg").read_text()  # a moment of the history
