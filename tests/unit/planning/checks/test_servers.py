"""The server's port, and the client of an older vLLM; each remedy is followed."""

import re
import socket
from pathlib import Path
from typing import Any

import pytest
from support.situations import hermes, of_version, problem, situation
from support.vllm_names import kept

from batchscope.planning.checks.servers import FIELD, LOOPBACK, check, refused
from batchscope.planning.problems import Finding

LOADS = {"mine": {"grid": {"n": [4]}}}
NEW_PLACE, OLD_PLACE = "benchmarks/datasets/datasets.py", "benchmarks/datasets.py"


def with_client(folder: Path, version: str, fields: tuple[str, ...], place: str) -> dict[str, Any]:
    """An overlay whose environment has a vLLM with such requests; no fields: without that file."""
    overlay = {**hermes(folder / "model"), **of_version(folder, version)}
    if fields:
        source = folder / "lib" / "python3.11" / "site-packages" / "vllm" / place
        source.parent.mkdir(parents=True)
        lines = [f"    {name}: object = None" for name in fields]
        source.write_text("\n".join(["class SampleRequest:", *lines, ""]))
    return overlay


def served(overlay: dict[str, Any], **studies: Any) -> list[Finding]:
    """What is found of loads in this environment."""
    return list(check(situation({**overlay, "serving": {"studies": studies or LOADS}})))


def test_a_client_without_the_field_is_refused_and_each_remedy_works(tmp_path: Path) -> None:
    old = with_client(tmp_path / "old", "0.18.1", ("prompt", "request_id"), OLD_PLACE)
    assert str(problem(served(old))) == (
        "serving.studies.mine: the client of vLLM 0.18.1 (environments.cuda) lacks request_overrides; "
        "set the study to null, or name an environment with vLLM 0.26 or newer in engine.environment"
    )
    assert not served(old, mine=None)
    assert not served(with_client(tmp_path / "new", "0.26.0", ("prompt", FIELD), NEW_PLACE))


def test_each_study_is_told_once(tmp_path: Path) -> None:
    old = with_client(tmp_path, "0.18.1", ("prompt",), OLD_PLACE)
    found = served(old, mine={"grid": {"n": [4, 8]}}, other={"grid": {"n": [4, 8]}})
    assert [each.where for each in found] == ["serving.studies.mine", "serving.studies.other"]


@pytest.mark.parametrize(("version", "source"), kept().items())
def test_a_version_is_refused_by_what_its_source_says(tmp_path: Path, version: str, source: dict) -> None:
    names = source[f"{NEW_PLACE}|{OLD_PLACE}"]
    fields = tuple(name.removeprefix("SampleRequest.") for name in names)
    for number, place in enumerate((NEW_PLACE, OLD_PLACE)):
        found = served(with_client(tmp_path / str(number), version, fields, place))
        assert bool(found) == (FIELD not in fields) == (version == "0.18.1")


def test_a_source_that_does_not_say_refuses_nothing(tmp_path: Path) -> None:
    assert not served(with_client(tmp_path / "silent", "0.18.1", (), OLD_PLACE))
    nowhere = {"environments": {"cuda": {"python": str(tmp_path / "no" / "python"), "device": "cuda"}}}
    assert not served({**hermes(tmp_path / "model"), **nowhere})


def test_offline_runs_need_no_client(tmp_path: Path) -> None:
    old = with_client(tmp_path, "0.18.1", ("prompt",), OLD_PLACE)
    assert not list(check(situation({**old, "studies": {"mine": {"grid": {"n": [4]}}}})))


def test_a_port_that_is_taken_is_told_with_one_that_is_free() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = other.getsockname()[1]
        found = problem(list(check(situation({"serving": {"port": port, "studies": LOADS}}))))
        assert found.where == "serving.port"
        free = int(re.findall(r"\d+", found.remedy)[0])
        assert refused(free) is None
        assert not list(check(situation({"serving": {"port": free, "studies": LOADS}})))
        assert not list(check(situation({"serving": {"port": None, "studies": LOADS}})))
        assert not list(check(situation({"serving": {"port": port}}))), "nothing is served"
