"""What an engine's Python runs imports, of ours, only the worker and what both sides share."""

import ast
import sys
from pathlib import Path

import pytest
from support.project import ROOT

WORKER = sorted((ROOT / "batchscope" / "worker").rglob("*.py")) + sorted(
    (ROOT / "batchscope" / "common").glob("*.py")
)
IN_EVERY_ENGINE = {"batchscope", "vllm", "pyarrow", "psutil", "pynvml", "tqdm", *sys.stdlib_module_names}
IN_SOME_PARTS = {"torch", "tokenizers", "transformers", "safetensors", "nvtx", "numpy"}


def imports(path: Path) -> list[str]:
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
    for name in imports(path):
        assert name.partition(".")[0] in allowed, f"{path.name} imports {name}"
        ours = name.startswith("batchscope")
        assert not ours or name.startswith(("batchscope.worker", "batchscope.common")), (
            f"{path.name} imports {name}"
        )


def test_there_is_measuring_code() -> None:
    assert {"measure_run.py", "measure_load.py", "schemas.py"} <= {path.name for path in WORKER}
