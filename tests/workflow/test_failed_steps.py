"""What a step leaves that fails, is killed, or goes on without its Snakemake."""

import os
import signal
import subprocess
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event

import psutil
import pytest
import yaml
from support.http_site import running
from support.project import Project

from batchscope.common.atomic_files import WORKFLOW
from batchscope.inputs.texts.source_text import read_source_texts

pytestmark = pytest.mark.long

ROWS = "text,team\nI paid twice.,billing\nWhere is it?,delivery\n"
FILES = ("texts.csv", "summary.json")


def config(**keys: object) -> dict[str, object]:
    file = {"path": "mine.csv", "text_column": "text"} | keys
    dataset = {"source": "file", "select": "first", "file": file}
    return {"dataset": dataset, "task": {"labels": ["billing", "delivery"]}}


def data_of(project: Project) -> dict[str, tuple[bytes, int]]:
    """Content and time of the data set's files."""
    paths = [project.results / "data" / name for name in FILES]
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in paths}


def test_a_step_that_fails_leaves_the_earlier_results_and_what_they_were_made_of(project: Project) -> None:
    (project.folder / "mine.csv").write_text(ROWS)
    target = "results/data/texts.csv"
    assert project.snakemake(target, config=config()).status == 0
    earlier = data_of(project)
    failed = project.snakemake(target, config=config(text_column="txet"))
    assert failed.status == 1
    assert "dataset.file.text_column" in failed.text
    assert data_of(project) == earlier
    assert not (project.folder / ".snakemake" / "backups" / target).exists()
    again = project.snakemake(target, "--dry-run", config=config(text_column="txet"))
    assert again.rules == {"make_dataset": 1}, (
        "the earlier rows are not taken for those of this configuration"
    )
    assert not project.snakemake(target, config=config()).rules, "and are still good for their own"
    assert data_of(project) == earlier


def test_an_orphan_does_not_write_over_newer_data(project: Project) -> None:
    """Snakemake is killed while its step waits for a server; the next call makes other data."""
    asked, go_on = Event(), Event()

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            go_on.wait(60)
            self.send_response(200)
            self.send_header("Content-Length", str(len(ROWS)))
            self.end_headers()
            self.wfile.write(ROWS.encode())

        def log_message(self, *_: object) -> None:
            pass

    with running(Slow) as address:
        overlay = project.folder / "slow.yaml"
        overlay.write_text(yaml.safe_dump(config(path=f"{address}/mine.csv")))
        call = subprocess.Popen(
            [sys.executable, "-m", "snakemake", "--cores", "1", "results/data/texts.csv",
             "--configfile", "configs/ci.yaml", "slow.yaml"],
            cwd=project.folder, env={**os.environ, "NO_PROXY": "127.0.0.1", WORKFLOW: ""},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert asked.wait(60)
        steps = psutil.Process(call.pid).children(recursive=True)
        call.send_signal(signal.SIGKILL)
        call.wait(10)
        newer = ROWS.replace("twice", "three times")
        (project.folder / "mine.csv").write_text(newer)
        made = project.snakemake("results/data/texts.csv", "--nolock", config=config())
        assert made.status == 0, made.text
        after = data_of(project)
        go_on.set()
        psutil.wait_procs(steps, 60)
    assert not any(step.is_running() and step.status() != psutil.STATUS_ZOMBIE for step in steps)
    assert data_of(project) == after
    assert [text.content for text in read_source_texts(rows_of(project))] == [
        "I paid three times.",
        "Where is it?",
    ]
    assert [path.name for path in rows_of(project).parent.glob(".*")] == []


def rows_of(project: Project) -> Path:
    return project.results / "data" / "texts.csv"
