"""The test of a module is found by its path."""

from pathlib import Path

from support.project import ROOT

UNITS = ROOT / "tests" / "unit"

NO_MODULE = {
    "test_dependencies.py",  # envs/*.in
    "test_docs.py",  # docs/
    "test_layout.py",  # tests/
    "test_study_numbers.py",  # docs/study.md
    "studies/test_fuzzed_configurations.py",  # all that reads a configuration
    "inputs/texts/test_fuzzed_files.py",  # all that reads a file of texts
    "reporting/test_templates.py",  # batchscope/reporting/templates/
    "reports/test_reference.py",  # docs/reference/
    "scripts/test_make_dataset.py",  # scripts/
    "worker/test_boundary.py",  # all of batchscope
    "worker/test_imports.py",  # all of batchscope/worker
    "worker/test_vllm_names.py",  # all of batchscope/worker
}
"""Tests of something else than one module."""


def module_of(test: str, root: Path) -> Path | None:
    """The module, or package, that a file below tests/unit is about; None if there is none at that place."""
    in_scripts = test.startswith("scripts/") or test == "test_scripts.py"
    place = root / test if in_scripts else root / "batchscope" / test
    path = place.with_name(place.name.removeprefix("test_"))
    return next((each for each in (path, path.with_suffix("") / "__init__.py") if each.is_file()), None)


def test_each_unit_test_stands_where_its_module_does() -> None:
    tests = {str(path.relative_to(UNITS)) for path in UNITS.rglob("test_*.py")}
    misplaced = {test for test in tests if module_of(test, ROOT) is None} - NO_MODULE
    assert misplaced == set()


def test_a_test_without_a_module_is_seen(tmp_path: Path) -> None:
    for name in ("cost/flops.py", "results/metrics/__init__.py"):
        (tmp_path / "batchscope" / name).parent.mkdir(parents=True)
        (tmp_path / "batchscope" / name).touch()
    assert module_of("cost/test_flops.py", tmp_path)
    assert module_of("results/test_metrics.py", tmp_path), "of a whole package"
    assert module_of("cost/test_flop.py", tmp_path) is None
    assert module_of("test_flops.py", tmp_path) is None


def test_all_tests_are_in_a_folder_that_says_what_they_need() -> None:
    folders = {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")}
    assert folders == {"unit", "workflow", "engine", "slurm", "browser", "audit"}
