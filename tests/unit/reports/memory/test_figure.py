"""The memory figure: its history in parts, beside the KV cache."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.memory_captures import SNAPSHOT, START, capture, memory, whole

from batchscope.profiling.memory_snapshot import joined
from batchscope.reports.memory.figure import beside_kv_cache, parts_of_history, places_of_events
from batchscope.reports.memory.report import write_report
from batchscope.reports.report_job import ReportJob


def test_each_part_of_the_history_is_as_wide_as_every_other() -> None:
    moments = {"weights": 1.0, "profile run": 2.0, "KV cache": 3.0, "CUDA graphs": 4.0, "window": 5.0}
    times = np.array([0.9, 1.1, 2.0, 2.1, 2.2, 2.3, 4.5, 6.0])
    parts = parts_of_history(times, moments)
    assert parts == {"weights": (0, 2), "profile run": (2, 6), "CUDA graphs": (6, 7), "window": (7, 8)}
    assert places_of_events(parts).tolist() == [0, 0.5, 1, 1.25, 1.5, 1.75, 2, 3]
    late = parts_of_history(times[6:], moments)  # the history begins later
    assert late == {"CUDA graphs": (0, 1), "window": (1, 2)}
    assert places_of_events(late).tolist() == [0, 1]
    assert len(places_of_events(parts_of_history(times[:0], moments))) == 0


def test_the_curve_leaves_the_kv_cache_out() -> None:
    times, held = [1.0, 2.0, 3.0, 4.0, 5.0], [100, 300, 600, 610, 605]
    curve = pd.DataFrame({"time_s": times, "allocated_bytes": held})
    moments = {"KV cache": 1.5, "CUDA graphs": 3.5}
    assert beside_kv_cache(curve, {"moments": moments, "kv_cache": 500}).tolist() == [100, 100, 100, 110, 105]
    late = {"KV cache": 0.2, "CUDA graphs": 0.5}  # the history begins later
    assert beside_kv_cache(curve[3:], {"moments": late, "kv_cache": 500}).tolist() == [110, 105]


@pytest.mark.parametrize(("snapshot", "missing"), [(SNAPSHOT, True), (whole(), False)])
def test_a_break_in_the_history_is_marked(tmp_path: Path, snapshot: dict, missing: bool) -> None:
    folder = capture(tmp_path, "cuda")
    curve, not_kept = joined(START, snapshot)
    curve.to_parquet(folder / "timeline.parquet")
    (folder / "memory.json").write_text(json.dumps(memory("cuda") | {"not_kept": not_kept}))
    write_report(ReportJob(tmp_path, tmp_path, captures=(folder,)))
    assert ("not kept" in (tmp_path / "plots" / "memory.svg").read_text()) == missing
