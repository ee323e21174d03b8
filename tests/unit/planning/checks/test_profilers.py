"""Nsight Systems, where profiles ask for it."""

from pathlib import Path

import pytest
from support.situations import problem, situation

from batchscope.planning.checks.profilers import check
from batchscope.planning.problems import Unchecked


def test_a_missing_nsys_is_a_problem_only_for_a_call_that_needs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    asked = {"profile": {"profilers": ["torch", "nsys"]}}
    found = problem(list(check(situation(asked, profilers=("torch", "nsys")))))
    assert found.where == "profile.profilers"
    assert "profile with torch alone" in found.remedy
    assert not list(check(situation({"profile": {"profilers": ["torch"]}}, profilers=("torch",))))
    (later,) = check(situation(asked))
    assert isinstance(later, Unchecked)
