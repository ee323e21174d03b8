"""The copy of results for others: whole, without this machine's names, and never mixed with an earlier one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from support.analysis_helpers import write_run

from batchscope.common.errors import UserError
from batchscope.common.seal import broken, sealed, sealed_files
from batchscope.results.anonymised_copy import Anonymiser, share
from batchscope.results.records import load_run

ROOT = Path(__file__).parents[3]


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Results as a sweep leaves them: one run, a load point, a profile, a table, a plot, and what stays here."""
    root = tmp_path / "results"
    model = {"source": "local", "path": "/home/somebody/models/Shape-8B", "load_format": "dummy"}
    log = ['File "/home/somebody/lib/vllm/engine.py", line 7', "70 tokens/s"]
    run = write_run(root, model=model, more={"log_tail": log})
    files = {
        "serving/layouts/packed-n4/measurement.json": "{}",
        "serving/layouts/packed-n4/bench.json": '{"tokenizer_id": "/home/somebody/models/Shape-8B"}',
        "profiles/packing/packed-n4/torch/window.json": "{}",
        "profiles/packing/packed-n4/torch/trace.json.gz": "large",
        "profiles/packing/packed-n4/torch/profiler_out_0.txt": "kernel of /home/somebody/a.py",
        "prompts/demo/prompts.jsonl": "a text of somebody's",
        "history/packing/packed-n4/20260302T100000/measurement.json": "{}",
        "tables/packing.md": "# packing\n\n9 tokens/s; died: no file /home/somebody/a-1/lib.so, see https://a.org/b/c",
        "tables/profiles.md": "".join(
            f"- [{name}]({name})\n"
            for file in ("profiler_out_0.txt", "trace.json.gz")
            for name in [f"../profiles/packing/packed-n4/torch/{file}"]
        ),
        "tables/packing.html": "<p>",
        "plots/packing.svg": "<svg/>",
        "config.json": '{"dataset": {"csv": {"path": "/home/somebody/my texts.csv"}}}',
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    assert "node" in (run / "environment.json").read_text()
    return root


def test_all_that_was_measured_is_copied_and_nothing_that_names_this_machine(
    results: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine"
    copies = share(results, out)
    found = {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}
    assert found == {str(path.relative_to(out)) for path in copies} == {
        "config.json",
        *(f"runs/packing/packed-n4/{name}" for name in (
            "environment.json", "measurement.json", "requests.parquet", "steps.parquet", "hardware.parquet"
        )),
        "serving/layouts/packed-n4/measurement.json",
        "serving/layouts/packed-n4/bench.json",
        "profiles/packing/packed-n4/torch/window.json",
        "profiles/packing/packed-n4/torch/profiler_out_0.txt",
        "tables/profiles.md",
        "tables/packing.md",
        "plots/packing.svg",
    }  # fmt: skip
    page = (out / "tables/packing.md").read_text()
    assert page == "# packing\n\n9 tokens/s; died: no file lib.so, see https://a.org/b/c"
    links = (out / "tables/profiles.md").read_text()
    assert links.count("\n") == 1
    assert "(../profiles/packing/packed-n4/torch/profiler_out_0.txt)" in links
    for path in (*out.rglob("*.json"), *out.rglob("*.md"), *out.rglob("*.txt")):
        assert "somebody" not in path.read_text(), path
        assert '"node"' not in path.read_text(), path
    run = Path("runs/packing/packed-n4")
    before, after = (json.loads((root / run / "measurement.json").read_text()) for root in (results, out))
    before["spec"]["model"]["path"] = "Shape-8B"
    before["log_tail"][0] = 'File "engine.py", line 7'
    assert after == before
    ours, copied = load_run(results / run), load_run(out / run)
    assert copied.measurement.repeats == ours.measurement.repeats
    assert copied.environment.fingerprint == ours.environment.fingerprint


def test_an_earlier_copy_is_never_mixed_with_another(results: Path, tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine")
    share(results, tmp_path / "copy")
    with pytest.raises(UserError, match=r"copy/config\.json: is there already; remove it"):
        share(results, tmp_path / "copy")


def test_the_script_says_how_much_it_copied_or_what_is_missing(results: Path, tmp_path: Path) -> None:
    def run(*arguments: Path | str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "scripts.share", *map(str, arguments)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    done = run(tmp_path / "copy", "--results", results)
    assert done.stdout.startswith("2 measurements: 13 files, "), done.stdout + done.stderr
    empty = run(tmp_path / "other", "--results", tmp_path / "nothing")
    assert empty.returncode == 1
    assert "no measurement is there; run snakemake --cores 1 all first" in empty.stderr
    assert not (tmp_path / "other").exists()


@pytest.fixture
def _home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/srv/people/Jo Some Body")


@pytest.mark.usefixtures("_home")
@pytest.mark.parametrize(
    ("text", "shared"),
    [
        ("https://me:pass@a.org/b/c.csv?token=t#x", "https://a.org/b/c.csv"),
        ("see (ftp://me@a.org/b) and s3://key:word@bucket/a", "see (ftp://a.org/b) and s3://bucket/a"),
        ("'http://[::1/x?token=t'", "'http://[::1/x'"),
        ("file:///home/somebody/a.csv", "a.csv"),
        ("PYTHONPATH=/home/somebody/lib:/opt/x/y", "PYTHONPATH=lib:y"),
        ("in /srv/people/Jo Some Body/models/a.bin and /srv/people/Jo Some Body", "in a.bin and ~"),
        ("/home/sömebody/ä/b", "b"),
        ("to 10.0.31.7:8000 or 192.168.1.20.", "to (address):8000 or (address)."),
        (
            "vLLM 0.32.0, CUDA 12.8.4.1.2, 70 tokens/s, 1/2, and/or",
            "vLLM 0.32.0, CUDA 12.8.4.1.2, 70 tokens/s, 1/2, and/or",
        ),
        ("on gpu-node-17: hf_secret", "on (hidden): (hidden)"),
    ],
)
def test_what_a_text_tells(text: str, shared: str) -> None:
    assert Anonymiser(["gpu-node-17", "hf_secret", "1"]).text(text) == shared


def test_variables_stay_unlike_and_unknown(results: Path, tmp_path: Path) -> None:
    run = results / "runs/packing/packed-n4/measurement.json"
    measured = json.loads(run.read_text())
    measured["spec"]["engine"]["variables"] = {"MY_TOKEN": "hf_abcdef", "SWITCH": "1"}
    measured["log_tail"] = ["started with hf_abcdef"]
    run.write_text(json.dumps(measured))
    grid = {"engine.variables.MY_TOKEN": ["hf_abcdef", "hf_ghijkl", None]}
    config = {"engine": {"variables": {"MY_TOKEN": "hf_abcdef"}}, "studies": {"s": {"grid": grid}}}
    (results / "config.json").write_text(json.dumps(config))
    table = 'run,engine.variables.MY_TOKEN,n\n"a,b",hf_abcdef,1\nc,hf_ghijkl,2\nd,,3\n'
    (results / "tables/runs.csv").write_text(table)
    (results / "tables/packing.md").write_text("| hf_ghijkl | 9 |\n")
    share(results, tmp_path / "out")
    for path in (tmp_path / "out").rglob("*.*"):
        if path.is_file():
            assert b"hf_" not in path.read_bytes(), path
    shared = json.loads((tmp_path / "out/config.json").read_text())["studies"]["s"]["grid"]
    first, second, third = shared["engine.variables.MY_TOKEN"]
    assert first.startswith("hidden ")
    assert first != second
    assert third is None
    rows = (tmp_path / "out/tables/runs.csv").read_text().splitlines()
    assert rows == ["run,engine.variables.MY_TOKEN,n", f'"a,b",{first},1', f"c,{second},2", "d,,3"]

    share(tmp_path / "out", tmp_path / "again")  # as references are remade from what they hold
    for name in ("config.json", "tables/runs.csv"):
        assert (tmp_path / "again" / name).read_text() == (tmp_path / "out" / name).read_text()


def test_files_that_a_killed_writer_left_stay(results: Path, tmp_path: Path) -> None:
    for name in ("runs/packing/packed-n4/.17.steps.parquet", "tables/.17.packing.md", "plots/.17.a.svg"):
        (results / name).write_text("half")
    share(results, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").rglob(".*")] == []


def test_copies_are_sealed_anew_about_what_they_hold_and_a_damaged_one_is_refused(
    results: Path, tmp_path: Path
) -> None:
    run, capture = results / "runs/packing/packed-n4", results / "profiles/packing/packed-n4/torch"
    for path in (run / "measurement.json", capture / "window.json"):
        files = [other.name for other in path.parent.iterdir() if other != path]
        path.write_text(json.dumps(sealed(json.loads(path.read_text()), path.parent, files)))
    copies = share(results, tmp_path / "mine")
    for path in copies:
        if path.name in ("measurement.json", "window.json"):
            assert broken(json.loads(path.read_text()), path.name, path.parent) == ""
    assert load_run(tmp_path / "mine/runs/packing/packed-n4").measurement.is_sealed
    window = json.loads((tmp_path / "mine/profiles/packing/packed-n4/torch/window.json").read_text())
    assert sealed_files(window) == ["profiler_out_0.txt"], "the trace stays here"
    (run / "steps.parquet").write_bytes(b"")
    with pytest.raises(UserError, match=r"steps\.parquet: damaged: .*; delete .*packed-n4 and rerun"):
        share(results, tmp_path / "others")
    assert not (tmp_path / "others").exists()
