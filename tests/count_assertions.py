"""Counts what the tests of a checkout assert: ``python tests/count_assertions.py [CHECKOUT]``.

An assertion is an ``assert`` or a ``pytest.raises``, as written; a case is a test with one set of its parameters, as
collected. For comparing a checkout with another after tests were rebuilt: neither number may fall without a reason.
"""

import ast
import subprocess
import sys
from pathlib import Path


def main() -> None:
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[1]).resolve()
    for folder, count in sorted(assertions(root / "tests").items()):
        print(f"{count:6} assertions in {folder}")
    print(f"{sum(assertions(root / 'tests').values()):6} assertions")
    print(f"{cases(root):6} cases")


def assertions(tests: Path) -> dict[str, int]:
    """Assertions as written, by folder."""
    found: dict[str, int] = {}
    for path in tests.rglob("*.py"):
        folder = path.relative_to(tests.parent).parts[:-1][:2]
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        name = "/".join(folder)
        found[name] = found.get(name, 0) + sum(is_assertion(node) for node in nodes)
    return found


def is_assertion(node: ast.AST) -> bool:
    """Whether a node asserts something: ``assert``, or a call of ``pytest.raises``."""
    return isinstance(node, ast.Assert) or (
        isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.raises"
    )


def cases(root: Path) -> int:
    """Tests with each set of their parameters, as pytest collects them."""
    listed = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q"],
        cwd=root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return sum("::" in line for line in listed.stdout.splitlines())


if __name__ == "__main__":
    main()
