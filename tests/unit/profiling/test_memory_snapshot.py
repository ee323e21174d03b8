"""Memory: the lines of its table, the allocator's history, bad captures."""

import base64
import json
import pickle
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.cost.memory import REST as ESTIMATED_REST
from batchscope.profiling.capture import CaptureJob, engine_environment, run_capture
from batchscope.profiling.memory_snapshot import joined, parse, read_snapshot, timeline
from batchscope.reports.job import ReportJob
from batchscope.reports.memory.figure import beside_kv_cache, parts_of_history, places_of_events
from batchscope.reports.memory.frame import (
    MEMORY_LINES,
    NOT_PREDICTED,
    asked_utilization,
    left_for_rest,
    measured_bytes,
    memory_frame,
    parts_of_other,
)
from batchscope.reports.memory.page import MemoryProfile, load_memory, memory_page
from batchscope.reports.memory.report import write_report

SHAPE = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 32, "vocab_size": 1000,
}  # fmt: skip
PARAMETERS = 2 * 1000 * 64 + 2 * (64 * (2 * 64 + 2 * 32) + 3 * 64 * 128 + 2 * 64) + 64
KV_TOKEN = 2 * 2 * 32 * 2

GPU_BYTES = 2_000_000_000
GPU_FIGURES = {
    "weights": 100, "kv_cache": 500, "resting": 680, "peak": 730, "graph_pools": 70, "graph_pools_allocated": 60,
    "graph_driver": 9, "reserved": 800, "used": 1000, "total": 2000, "before": 30, "profile_run": 55,
}  # fmt: skip
CPU_FIGURES = {"weights": 100, "kv_cache": 500, "used": 1000, "total": 2000}


def memory(device: str) -> dict:
    figures = (
        {**GPU_FIGURES, "moments": {"weights": 1.0, "KV cache": 1.5, "CUDA graphs": 2.5, "window": 4.5}}
        if device == "cuda"
        else CPU_FIGURES
    )
    return {
        "study": "s", "run": f"run-{device}", "device": device, "gpus": 1, "figures": figures, "invalid": [],
        "capture_bytes": 2_500_000, "kv_cache_memory_bytes": 1_000_000 if device == "cpu" else None,
        "architecture": SHAPE,
        "resolved": {
            "dtype": "bfloat16", "quantization": None, "kv_cache_dtype": "auto", "gpu_memory_utilization": 0.9,
            "max_num_batched_tokens": 1000, "block_size": 16,
        },
    }  # fmt: skip


def event(action: str, size: int, time_us: int) -> dict:
    return {"action": action, "addr": 0, "size": size, "stream": 0, "time_us": time_us, "frames": []}


def segment(total: int, allocated: int, *pool: int) -> dict:
    return {"device": 0, "total_size": total, "allocated_size": allocated, "segment_pool_id": pool}


def history(*events: dict) -> list[list[dict]]:
    """Of two devices; the second has none."""
    return [list(events), []]


SNAPSHOT = {
    "segments": [segment(900, 680, 0, 0), segment(70, 20, 0, 1)],
    "device_traces": history(
        event("segment_alloc", 900, 1_000_000),
        event("alloc", 100, 2_000_000),
        event("alloc", 50, 4_000_000),
        event("free_requested", 50, 5_000_000),
        event("free_completed", 50, 5_000_001),
    ),
}

START = {
    "segments": [segment(400, 350, 0, 0)],
    "device_traces": history(
        event("segment_alloc", 400, 100_000),
        event("alloc", 300, 200_000),
        event("alloc", 40, 300_000),
        event("free_requested", 40, 400_000),
        event("alloc", 50, 500_000),
    ),
}


def whole() -> dict:
    """`SNAPSHOT` as it is if none of its events was overwritten."""
    traces = [[*START["device_traces"][0], *SNAPSHOT["device_traces"][0]], []]
    return {**SNAPSHOT, "device_traces": traces}


def test_every_byte_in_use_is_in_one_line() -> None:
    lines = measured_bytes(GPU_FIGURES)
    assert lines.to_dict() == {
        "weights": 100,
        "activations": 50,
        "KV cache": 500,
        "CUDA graphs": 79,
        "other": 271,
    }
    assert lines.sum() == GPU_FIGURES["used"]
    parts = parts_of_other(GPU_FIGURES)
    assert list(parts.values()) == [20, 60, 191]
    assert sum(parts.values()) == lines["other"]


def test_without_an_allocator_the_rest_of_the_process_is_other() -> None:
    lines = measured_bytes(CPU_FIGURES)
    assert lines.dropna().to_dict() == {"weights": 100, "KV cache": 500, "other": 400}
    assert parts_of_other(CPU_FIGURES) == {}


def test_predictions_are_the_cost_models() -> None:
    on_gpu = memory_frame(memory("cuda"), GPU_BYTES)["predicted"]
    activations = 1000 * (3 * 128 + 4 * 64) * 2
    left = int(0.9 * GPU_BYTES) - 2 * PARAMETERS - activations - ESTIMATED_REST
    assert on_gpu.dropna().to_dict() == {
        "weights": 2 * PARAMETERS,
        "activations": activations,
        "KV cache": left // (16 * KV_TOKEN) * 16 * KV_TOKEN,
    }
    on_cpu = memory_frame(memory("cpu"), None)["predicted"]
    blocks = 1_000_000 // (16 * KV_TOKEN)
    assert on_cpu.dropna().to_dict() == {"weights": 2 * PARAMETERS, "KV cache": blocks * 16 * KV_TOKEN}
    unknown = memory("cuda") | {"architecture": {"model_type": "another"}}
    assert memory_frame(unknown, GPU_BYTES)["predicted"].isna().all()


def test_what_vllm_left_for_all_else_is_what_its_share_leaves() -> None:
    assert left_for_rest(memory("cuda"), 2000) == 1800 - 100 - 55 - 500
    sized = memory("cuda") | {"kv_cache_memory_bytes": 500}  # then the share decides nothing
    unknown = memory("cuda") | {"resolved": {}}
    for found in (sized, unknown, memory("cpu")):
        assert asked_utilization(found) is None
        assert left_for_rest(found, 2000) is None


def test_the_history_is_counted_back_from_what_the_snapshot_holds() -> None:
    curve = timeline(SNAPSHOT)
    assert curve["allocated_bytes"].tolist() == [700, 750, 700]
    assert curve["time_s"].tolist() == [2, 4, 5]
    assert len(timeline({"segments": [], "device_traces": [[]]})) == 0


def test_the_engines_start_comes_before_the_latest_history() -> None:
    curve, missing = joined(START, SNAPSHOT)
    assert curve["time_s"].tolist() == [0.2, 0.3, 0.4, 0.5, 2, 4, 5]
    assert curve["allocated_bytes"].tolist() == [300, 340, 300, 350, 700, 750, 700]
    assert missing == [0.5, 1.0]


def test_a_history_that_holds_the_start_adds_only_what_came_later() -> None:
    curve, missing = joined(START, whole())
    assert curve["time_s"].tolist() == [0.2, 0.3, 0.4, 0.5, 2, 4, 5]
    assert missing is None
    latest = {
        **SNAPSHOT,
        "device_traces": [whole()["device_traces"][0][3:]],
    }  # its first events are overwritten
    assert joined(START, latest)[1] is None


def test_a_history_may_be_empty() -> None:
    empty = {"segments": [], "device_traces": [[]]}
    assert len(joined(START, empty)[0]) == 4
    assert len(joined(empty, SNAPSHOT)[0]) == 3
    assert joined(START, empty)[1] is joined(empty, SNAPSHOT)[1] is None


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


def capture(folder: Path, device: str) -> Path:
    """A capture as the rule leaves it."""
    out = folder / "profiles" / "s" / f"run-{device}" / "memory"
    out.mkdir(parents=True)
    (out / "memory.json").write_text(json.dumps(memory(device)))
    gpu = {"name": "A GPU", "memory_bytes": GPU_BYTES} if device == "cuda" else None
    about = {"gpu": gpu, "cpu": {"model": "a processor", "cores": 2}, "versions": {"vllm": "0.32.0"}}
    (out / "environment.json").write_text(json.dumps(about))
    if device == "cuda":
        (out / "snapshot.pickle").write_bytes(pickle.dumps(SNAPSHOT))
        (out / "timeline.html").write_text("")
        timeline(SNAPSHOT).to_parquet(out / "timeline.parquet")
    return out


def test_a_capture_is_read(tmp_path: Path) -> None:
    folder = capture(tmp_path, "cuda")
    found, curve = parse(folder, "cuda")
    assert found["figures"]["used"] == 1000
    assert "not_kept" not in found
    assert curve is not None
    assert len(curve) == 3
    (folder / "start.pickle").write_bytes(pickle.dumps(START))
    found, curve = parse(folder, "cuda")
    assert found["not_kept"] == [0.5, 1.0]
    assert curve is not None
    assert len(curve) == 7
    assert parse(capture(tmp_path, "cpu"), "cpu")[1] is None


class Foreign:
    """A pickle that would load code."""

    def __reduce__(self) -> tuple[Callable[..., str], tuple[str]]:
        return (str, ("code",))


@pytest.mark.parametrize(
    ("snapshot", "message"),
    [
        (None, "wrote no snapshot"),
        (b"", "cut off or damaged"),
        (pickle.dumps(SNAPSHOT)[:-40], "cut off or damaged"),
        (b"no pickle", "cut off or damaged"),
        (pickle.dumps({"segments": []}), "cut off or damaged"),
        (pickle.dumps([SNAPSHOT]), "cut off or damaged"),
        (pickle.dumps({**SNAPSHOT, "extra": Foreign()}), "cut off or damaged"),
    ],
)
def test_a_snapshot_that_is_no_good_says_so(tmp_path: Path, snapshot: bytes | None, message: str) -> None:
    path = tmp_path / "snapshot.pickle"
    if snapshot is not None:
        path.write_bytes(snapshot)
    with pytest.raises(UserError) as error:
        read_snapshot(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


@pytest.mark.parametrize("text", [None, "", "{", "[]", "{}"])
def test_figures_that_are_missing_or_cut_off_are_named(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "memory.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(UserError, match="missing or damaged; is the disk full") as error:
        parse(tmp_path, "cpu")
    assert str(path) in str(error.value)


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


@pytest.mark.parametrize(("snapshot", "missing"), [(SNAPSHOT, True), (whole(), False)])
def test_a_break_in_the_history_is_marked(tmp_path: Path, snapshot: dict, missing: bool) -> None:
    folder = capture(tmp_path, "cuda")
    curve, not_kept = joined(START, snapshot)
    curve.to_parquet(folder / "timeline.parquet")
    (folder / "memory.json").write_text(json.dumps(memory("cuda") | {"not_kept": not_kept}))
    write_report(ReportJob(tmp_path, tmp_path, captures=(folder,)))
    assert ("not kept" in (tmp_path / "plots" / "memory.svg").read_text()) == missing


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


def write_page(folder: Path) -> None:
    """PyTorch's page, written in the engine's environment as a capture does it."""
    job = CaptureJob(
        python=str(ROOT / ".engines/cpu/bin/python"), device="cuda", gpus=[], model="", asset={}, args={},
        variables={}, prompts="", output_tokens_per_review=1, allowed_token_ids=None, steps=1, out=folder,
        log=folder / "log", timeout_s=120,
    )  # fmt: skip
    program = "import sys; from pathlib import Path; from batchscope.worker.profiling.memory import write_timeline; "
    command = [job.python, "-c", program + "write_timeline(Path(sys.argv[1]))", str(folder)]
    run_capture(command, job, engine_environment(job))


@pytest.mark.engine
def test_pytorchs_page_holds_the_snapshot(tmp_path: Path) -> None:
    folder = capture(tmp_path, "cuda")
    write_page(folder)
    page = (folder / "timeline.html").read_text()
    encoded = re.search(r'"name": "snapshot.pickle", "base64": "([^"]+)"', page)
    assert encoded
    assert pickle.loads(base64.b64decode(encoded[1])) == SNAPSHOT


@pytest.mark.engine
def test_a_full_disk_is_named(tmp_path: Path) -> None:
    folder = capture(tmp_path, "cuda")
    (folder / "timeline.html").unlink()
    (folder / "timeline.html").symlink_to("/dev/full")
    with pytest.raises(UserError, match=r"no space left for .*memory\n  See the log: .*log"):
        write_page(folder)
