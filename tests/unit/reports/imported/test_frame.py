"""imported.csv."""

import pytest
from support.imported_results import FILES, ours

from batchscope.config.imported import ImportedFile
from batchscope.config.model import ModelAsset
from batchscope.reports.imported.frame import COMPARED, imported_frame
from batchscope.results.imported.formats import read_imported

MODELS = {"demo": ModelAsset(source="demo")}


def frame_of(names, *runs, **keys):
    files = [read_imported(name, ImportedFile(path=str(FILES / name), **keys)) for name in names]
    return imported_frame(files, ours(*runs), MODELS)


def test_a_row_has_theirs_ours_and_the_ratio():
    (row,) = (
        row
        for _, row in frame_of(["vllm_serve.json"], {"run": "serving/s/c8", "max_concurrency": 8}).iterrows()
    )
    assert (row["tool"], row["file"], row["ours.run"]) == (
        "vllm bench serve",
        "vllm_serve.json",
        "serving/s/c8",
    )
    assert row["ratio.request_throughput"] == pytest.approx(row["request_throughput"] / 20.0)
    assert row["ratio.median_ttft_ms"] == pytest.approx(row["median_ttft_ms"] / 100.0)
    assert row.isna()["ratio.p99_itl_ms"]
    assert row.isna()["why_not"]
    assert "cached_tokens" in row["not_asked"]
    assert "requests" not in row["not_asked"].split(", ")


def test_texts_a_second_follow_from_the_configuration_alone():
    assert frame_of(["vllm_throughput.json"])["texts_per_s"].isna().all()
    (row,) = (row for _, row in frame_of(["vllm_throughput.json"], texts_per_request=4).iterrows())
    assert row["texts_per_s"] == 4 * row["request_throughput"]


def test_without_a_run_of_ours_theirs_stands_alone_with_the_reason():
    frame = frame_of(["guidellm.json", "aiperf.csv"])
    assert list(frame["name"]) == ["guidellm.json", "guidellm.json", "aiperf.csv"]
    assert frame["ours.run"].isna().all()
    assert frame["why_not"].iloc[0] == "no load point of ours measured demo"
    assert frame[[f"ratio.{name}" for name in COMPARED]].isna().all(axis=None)


def test_types_do_not_depend_on_what_files_hold(tmp_path):
    few, many = frame_of(["vllm_throughput.json"]), frame_of(["guidellm.json", "aiperf.json"], {"run": "a/b"})
    assert dict(few.dtypes) == dict(many.dtypes)
    many.to_parquet(tmp_path / "imported.parquet")
    assert many["prompt_tokens"].tolist()[0] == 3840


def test_no_folder_of_this_machine_is_in_it():
    assert str(FILES.parent) not in frame_of(["aiperf.json", "vllm_serve.json"]).to_csv()
