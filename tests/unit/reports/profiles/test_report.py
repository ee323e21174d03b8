"""The page, the CSV files and the figure of profiles, from tables whose every second is known."""

import json
from pathlib import Path

import pandas as pd
import pytest

from batchscope.common.errors import UserError
from batchscope.profiling.kernel_classes import load_rules
from batchscope.reports.profiles.frame import load_profiles, packed_and_separate
from batchscope.reports.profiles.page import profiles_page
from batchscope.reports.profiles.report import write_report
from batchscope.reports.report_job import ReportJob

SHAPE = {
    "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "head_dim": 32, "vocab_size": 1000,
}  # fmt: skip
CPU = {"model": "a processor", "cores": 2}


def profile(
    folder: Path,
    layout: str,
    gemm_s: float,
    *,
    planned: bool = True,
    study: str = "s",
    profiler: str = "torch",
    answers: int = 0,
) -> Path:
    """A capture of three steps of 1 s, the second of them the window: GEMM, then 0.1 s of copying."""
    out = folder / "profiles" / study / layout / profiler
    out.mkdir(parents=True)
    step = {"prefill_requests": 1, "prefill_tokens": 0 if answers else 100}
    step |= {"decode_requests": answers, "decode_tokens": answers}
    steps = [{"step": place, "start_s": float(place), "duration_s": 0.8, **step} for place in range(3)]
    pd.DataFrame(steps).to_parquet(out / "steps.parquet")
    events = [("aten::mm", 1.0, gemm_s), ("aten::copy_", 1.85, 0.1)]
    rows = [(name, "operator", start, lasts, "1", 1) for name, start, lasts in events]
    names = ["name", "kind", "start_s", "duration_s", "stream", "step"]
    pd.DataFrame(rows, columns=names).to_parquet(out / "events.parquet")
    work = {
        "prefill_tokens": 100 if planned else 99, "prefill_keys": 5050, "first_tokens": 1, "decode_tokens": 0,
        "decode_keys": 0, "prefill_context": 100, "running": 1, "held_tokens": 100,
    }  # fmt: skip
    window = {
        "study": study, "run": layout, "profiler": profiler, "layout": layout, "gpus": 1, "steps": 3,
        "capture_bytes": 1_500_000, "compared_steps": 1, "seconds_with": 1.1, "seconds_without": [1.0, 1.0],
        "overhead": 0.1, "pass_seconds_with": 5.0, "pass_seconds_without": [4.0, 4.5], "work": [work] * 3,
        "resolved": {"dtype": "float32", "quantization": None, "kv_cache_dtype": "auto"}, "architecture": SHAPE,
    }  # fmt: skip
    (out / "window.json").write_text(json.dumps(window))
    (out / "environment.json").write_text(
        json.dumps({"gpu": None, "cpu": CPU, "versions": {"vllm": "0.32.0"}})
    )
    for name in ("window_rank0.1.pt.trace.json.gz", "profiler_out_0.txt"):
        (out / name).write_bytes(b"")
    return out


def table_of(folders: list[Path], at: Path) -> tuple[list[tuple[str, str]], dict[str, list[str]]]:
    table = profiles_page(load_profiles(folders), load_rules(), at).table
    return table.columns, {row[0]: row[1:] for row in table.rows}


def test_packed_is_held_against_separate_class_by_class(tmp_path: Path) -> None:
    folders = [profile(tmp_path, "packed", 0.6), profile(tmp_path, "separate", 0.4)]
    columns, rows = table_of(folders, tmp_path / "tables")
    assert columns[-2:] == [("s/packed minus s/separate (torch)", name) for name in ("% points", "µs/token")]
    assert rows["GEMM"][-2:] == ["+20.0", "+2e+03"]
    said = profiles_page(load_profiles(folders), load_rules(), tmp_path / "tables").findings[-1]
    assert said.endswith("(torch); the difference: GEMM +2e+03 µs, idle -2e+03 µs."), (
        "copying takes as long in both"
    )
    assert rows["idle"][-2:] == ["-20.0", "-2e+03"]
    assert rows["copy"][-2:] == ["+0.0", "+0"]
    assert rows["window"][:2] == ["100.0", "1e+03"]


def test_a_step_that_reads_prompts_is_not_held_against_one_that_decodes(tmp_path: Path) -> None:
    folders = [profile(tmp_path, "packed", 0.6, answers=39), profile(tmp_path, "separate", 0.4)]
    columns, rows = table_of(folders, tmp_path / "tables")
    assert columns[-1] == ("s/packed minus s/separate (torch)", "% points")
    assert rows["GEMM"][-1] == "+20.0"
    first, _, last = profiles_page(load_profiles(folders), load_rules(), tmp_path / "tables").findings
    assert first.startswith("s/packed, torch, 1 step of 39 tokens of answers: GEMM 60.0 %")
    assert last == (
        "s/packed and s/separate (torch) are not compared token by token: the one computes mostly tokens of "
        "answers, the other of prompts; profile.at says where in the pass a window lies."
    )


def test_rates_are_the_cost_models_work_over_the_time_of_the_class(tmp_path: Path) -> None:
    columns, rows = table_of([profile(tmp_path, "packed", 0.5)], tmp_path)
    weights = 64 * (2 * 64 + 2 * 32) + 3 * 64 * 128
    flops = 100 * 2 * 2 * weights + 2 * 64 * 1000  # two layers, one first token
    gemm = dict(zip((name for _, name in columns[1:]), rows["GEMM"], strict=True))
    assert float(gemm["GFLOP/s"]) == pytest.approx(flops / 0.5 / 1e9, rel=5e-3)
    assert rows["copy"][2:] == ["", ""]


def test_steps_that_were_not_planned_have_no_rates(tmp_path: Path) -> None:
    columns, _ = table_of([profile(tmp_path, "packed", 0.5, planned=False)], tmp_path)
    assert "GFLOP/s" not in [name for _, name in columns]


def test_idle_time_is_told_by_its_place_and_files_are_linked(tmp_path: Path) -> None:
    folder = profile(tmp_path, "packed", 0.6)
    page = profiles_page(load_profiles([folder]), load_rules(), tmp_path / "tables")
    assert page.findings == [
        "s/packed, torch, 1 step of 100 tokens of prompts: GEMM 60.0 %, copy 10.0 %. "
        "Idle 30.0 %: 20.0 % while a step runs, 10.0 % between steps."
    ]
    names = ("profiler_out_0.txt", "window_rank0.1.pt.trace.json.gz")
    assert page.files == [f"../profiles/s/packed/torch/{name}" for name in names]
    assert page.notes[0] == (
        "s/packed, torch: 1.5 MB; 1 step took 1.1 s, without profiler 1 and 1 s: overhead +10.0 %; "
        "the whole pass took 5 s, without profiler 4 and 4.5 s."
    )


def test_a_packed_run_is_paired_within_its_study_where_there_is_a_separate_one(tmp_path: Path) -> None:
    folders = [
        profile(tmp_path, "separate", 0.4, study="a"),
        profile(tmp_path, "packed", 0.4, study="b"),
        profile(tmp_path, "separate", 0.4, study="b"),
    ]
    found = [(one.run, other.run) for one, other in packed_and_separate(load_profiles(folders))]
    assert found == [("b/packed", "b/separate")]


def test_two_profilers_of_one_run_are_held_against_each_other(tmp_path: Path) -> None:
    folders = [
        profile(tmp_path, "packed", 0.6),
        profile(tmp_path, "packed", 0.57, profiler="nsys"),
        profile(tmp_path, "separate", 0.4),
    ]
    said = profiles_page(load_profiles(folders), load_rules(), tmp_path).findings[-1]
    assert said == "s/packed: shares by torch and by nsys differ by at most 3 percentage points (GEMM)."


def test_all_is_written(tmp_path: Path) -> None:
    folders = [profile(tmp_path, "packed", 0.6), profile(tmp_path, "separate", 0.4)]
    said = write_report(ReportJob(tmp_path, tmp_path, captures=tuple(folders)))
    assert said == f"2 profiles in {tmp_path}/tables/profiles.md and {tmp_path}/plots/profiles.png"
    with pytest.raises(UserError, match="name some"):
        write_report(ReportJob(tmp_path, tmp_path))
    summary = pd.read_csv(tmp_path / "tables" / "profiles.csv")
    assert summary.groupby("run")["share"].sum().tolist() == pytest.approx([1, 1], abs=1e-12)
    assert "[../profiles/s/packed/torch/" in (tmp_path / "tables" / "profiles.md").read_text()
    assert {path.name for path in (tmp_path / "plots").iterdir()} == {"profiles.png", "profiles.svg"}


@pytest.mark.parametrize("name", ["events.parquet", "window.json", "environment.json"])
def test_a_folder_without_a_whole_capture_is_named(tmp_path: Path, name: str) -> None:
    folder = profile(tmp_path, "packed", 0.6)
    (folder / name).write_bytes(b"{")
    with pytest.raises(UserError, match="holds no whole capture") as error:
        load_profiles([folder])
    assert str(folder) in str(error.value)
