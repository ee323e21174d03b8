"""What an engine's Python runs stands below batchscope/worker, and imports nothing of ours but the shared words."""

import ast
import shutil
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from support.project import ROOT

OURS = ("batchscope", "scripts")


@cache  # by text: the copies in which something is planted are alike but for a line
def names_in(text: str, module: str) -> tuple[str, ...]:
    """Modules of ours that a file imports, in functions too, or names in a string, as what it starts."""
    names: list[str] = []
    for node in ast.walk(ast.parse(text)):
        found: list[str] = []
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            found = [f"{base}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            parts = node.value.split(".")
            found = [node.value] if len(parts) > 1 and all(part.isidentifier() for part in parts) else []
        names += [name for name in found if name.split(".")[0] in OURS]
    return tuple(names)


def imports(root: Path) -> Iterator[tuple[str, str]]:
    """Pairs of modules of the library: one, and what it imports or starts."""
    for path in sorted((root / "batchscope").rglob("*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        yield from ((module, name) for name in names_in(path.read_text(encoding="utf-8"), module))


def below(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def across_the_boundary(root: Path) -> list[str]:
    """Imports by which an engine's Python would need more of ours than the worker and the shared words."""
    allowed = {
        "batchscope.worker": ("batchscope.worker", "batchscope.common"),
        "batchscope.common": ("batchscope.common",),
    }
    return [
        f"{module} imports {name}"
        for module, name in imports(root)
        for side, known in allowed.items()
        if below(module, side) and not below(name, *known)
    ]


def upwards(root: Path) -> list[str]:
    """Where the library imports or starts a script: scripts call the library."""
    return [f"{module} names {name}" for module, name in imports(root) if below(name, "scripts")]


def package_of(root: Path, name: str) -> str:
    """The folder below batchscope that holds a module, or what it defines."""
    parts = name.split(".")
    while parts and not (root.joinpath(*parts, "__init__.py")).is_file():
        parts.pop()
    return ".".join(parts[:2])


def loops(root: Path) -> list[str]:
    """Packages that import each other, through others too: each with one that it reaches and that reaches it."""
    reached: dict[str, set[str]] = {}
    for module, name in imports(root):
        one, other = package_of(root, module), package_of(root, name)
        if one != other and other.startswith("batchscope."):
            reached.setdefault(one, set()).add(other)
    for middle in list(reached):
        for known in reached.values():
            if middle in known:
                known.update(reached[middle])
    return [
        f"{one} and {other}"
        for one in sorted(reached)
        for other in sorted(reached[one])
        if one in reached.get(other, ())
    ]


def test_the_worker_imports_nothing_of_ours_but_the_shared_words() -> None:
    assert across_the_boundary(ROOT) == []
    assert len({module for module, _ in imports(ROOT) if below(module, "batchscope.worker")}) > 10, (
        "it was read"
    )


def test_the_library_never_calls_up_into_scripts() -> None:
    assert upwards(ROOT) == []


def test_packages_have_no_loops() -> None:
    assert loops(ROOT) == []


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the library, to plant imports in."""
    shutil.copytree(
        ROOT / "batchscope", tmp_path / "batchscope", ignore=shutil.ignore_patterns("__pycache__")
    )
    return tmp_path


def plant(house: Path, module: str, line: str) -> None:
    path = house.joinpath("batchscope", module)
    path.write_text(f"{path.read_text()}\n\n{line}\n")


@pytest.mark.parametrize(
    ("module", "line", "found"),
    [
        ("worker/engine/timed_pass.py", "from batchscope.config.measure import Measure", "batchscope.config.measure.Measure"),
        ("worker/engine/timed_pass.py", "def late():\n    import batchscope.results", "batchscope.results"),
        ("worker/engine/timed_pass.py", "from ...jobs import job_arguments", "batchscope.jobs.job_arguments"),
        ("worker/server/vllm_command.py", "MAIN = 'batchscope.profiling.capture'", "batchscope.profiling.capture"),
        ("worker/demo_model_training.py", "from scripts import measure", "scripts.measure"),
        ("common/atomic_files.py", "from batchscope.worker.engine import timed_pass", "batchscope.worker.engine.timed_pass"),
    ],
    ids=["plain", "in a function", "relative", "started", "script", "shared words"],
)  # fmt: skip
def test_a_planted_import_is_found(house: Path, module: str, line: str, found: str) -> None:
    assert across_the_boundary(house) == []
    plant(house, module, line)
    name = "batchscope." + module.removesuffix(".py").replace("/", ".")
    assert across_the_boundary(house) == [f"{name} imports {found}"]


def test_a_planted_script_and_a_planted_loop_are_found(house: Path) -> None:
    plant(house, "jobs/job_arguments.py", "HOST = ['-m', 'scripts.measure']")
    assert upwards(house) == ["batchscope.jobs.job_arguments names scripts.measure"]
    plant(house, "config/measure.py", "def late():\n    from batchscope.inputs import label_codes")
    assert "batchscope.config and batchscope.inputs" in loops(house)


WORKER = sorted((ROOT / "batchscope" / "worker").rglob("*.py")) + sorted(
    (ROOT / "batchscope" / "common").glob("*.py")
)
IN_EVERY_ENGINE = {"batchscope", "vllm", "pyarrow", "psutil", "pynvml", "tqdm", *sys.stdlib_module_names}
IN_SOME_PARTS = {"torch", "tokenizers", "transformers", "safetensors", "nvtx", "numpy"}


def imported_by(path: Path) -> list[str]:
    """Modules that a file imports, at its top or inside a function."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


@pytest.mark.parametrize("path", WORKER, ids=lambda path: str(path.relative_to(ROOT / "batchscope")))
def test_measuring_code_needs_only_what_engines_hold(path: Path) -> None:
    allowed = IN_EVERY_ENGINE if path.parent.name == "engine" else IN_EVERY_ENGINE | IN_SOME_PARTS
    for name in imported_by(path):
        assert name.partition(".")[0] in allowed, f"{path.name} imports {name}"
        ours = name.startswith("batchscope")
        assert not ours or name.startswith(("batchscope.worker", "batchscope.common")), (
            f"{path.name} imports {name}"
        )


def test_there_is_measuring_code() -> None:
    assert {"measure_run.py", "measure_load.py", "schemas.py"} <= {path.name for path in WORKER}
