"""What the plan says of an engine before it starts, held against vLLM itself; no engine is started."""

import json
import re
from typing import Any

import pytest
from support.engine_python import run_beside_vllm
from support.project import Project
from support.situations import engine, problem, situation

from batchscope.planning.checks.memory import check
from batchscope.planning.checks.vllm_source import known_to_vllm

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("what vLLM says")]

PYTHON = ".engines/cpu/bin/python"

SMALL = 1 << 20


def values_that_fit() -> tuple[int, int]:
    """The larger cache and the shorter context that the check names for a cache of `SMALL` bytes."""
    found = problem(list(check(situation(engine(kv_cache_memory_bytes=SMALL)))))
    larger, shorter = (int(number) for number in re.findall(r"\b\d+\b", found.remedy))
    return larger, shorter


@pytest.fixture(scope="module")
def vllm(prepared_once: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What vLLM itself says."""
    larger, shorter = values_that_fit()
    asked = [(SMALL, None), (larger, None), (larger - 1, None), (SMALL, shorter), (SMALL, shorter + 1)]
    folder = tmp_path_factory.mktemp("vllm")
    given = (prepared_once.results / "models" / "demo", json.dumps(asked), folder / "said.json")
    run_beside_vllm("support.vllm_knows", *given, folder=folder, seconds=600)
    return json.loads((folder / "said.json").read_text())


def test_the_values_that_fit_are_the_first_with_which_vllm_starts(vllm: dict[str, Any]) -> None:
    assert vllm["starts"] == [False, True, False, True, False]


def test_vllm_s_source_names_what_vllm_knows(vllm: dict[str, Any]) -> None:
    known = known_to_vllm(PYTHON, "cpu")
    assert known
    assert known.arguments == set(vllm["arguments"])
    assert known.choices == {name: set(each) for name, each in vllm["choices"].items()}
    assert known.compilation >= set(vllm["compilation"])
    assert known.passes >= set(vllm["passes"])
    assert known.variables == set(vllm["variables"])
    assert known.request == set(vllm["request"])
    every = set(vllm["architectures"])
    assert known.architectures <= every
    assert known.others <= every
    assert not known.removed.keys() & every
    assert every - known.architectures - known.others <= set(vllm["helpers"]), (
        "which only help others to write"
    )
