"""What the end of a call does with runs whose engine did not start, and with the list of faults."""

import json
from pathlib import Path

import pytest

from batchscope.results.call_faults import faults_of_call, take_out_broken
from batchscope.results.faults import Fault, as_json

FAULT = Fault("a/oom", "oom", "OutOfMemoryError: 2 GiB", "shrink it", "logs/oom.log")


@pytest.fixture
def logs(tmp_path: Path) -> dict[str, str]:
    """Runs that were measured, refused and broken, one that is not there, and one of which half was written."""
    spec = {"engine": {"args": {}}}
    for status in ("ok", "refused", "broke"):
        values = {"study": "a", "run": status, "status": status, "message": "why", "spec": spec}
        (tmp_path / status).write_text(json.dumps(values))
    (tmp_path / "half").write_text('{"status": "refu')
    return {str(tmp_path / name): f"{name}.log" for name in ("ok", "refused", "broke", "missing", "half")}


def test_what_broke_is_told_and_is_no_result_and_a_refusal_is_one(
    logs: dict[str, str], tmp_path: Path
) -> None:
    told = [(fault.run, fault.log) for fault in take_out_broken(logs)]
    assert told == [("a/refused", "refused.log"), ("a/broke", "broke.log")]
    assert {path.name for path in tmp_path.iterdir()} == {"ok", "half", "refused"}
    assert [fault.run for fault in take_out_broken(logs)] == ["a/refused"], "told by each call"


def test_the_list_of_all_runs_counts_where_it_was_made(logs: dict[str, str], tmp_path: Path) -> None:
    checked = tmp_path / "checked.json"
    assert [fault.run for fault in faults_of_call(logs, [str(checked)])] == ["a/refused", "a/broke"]
    checked.write_text(json.dumps(as_json([FAULT])))
    assert faults_of_call(logs, [str(checked)]) == [FAULT]
    assert not checked.exists(), "with faults it is never up to date"
    checked.write_text("[]")
    assert faults_of_call(logs, [str(checked)]) == []
    assert checked.exists()
