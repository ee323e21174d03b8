"""Every number of every table in docs/reference comes out again, and a wrong one is named."""

import ast
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.audit.checked import Checked, Unknown
from tests.audit.reference import REFERENCES, audit, folders

ALLOWED = {"tests.audit", "pandas", "numpy", "scipy", "pytest"}

NOT_ALL = {"h800/offline.csv": 0.0, "h800/serving.csv": 0.0, "smollm2-h200/starts.csv": 0.0}
"""Share that must be checked of tables of which not every number can be; of all others every one."""


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: folder.name)
def test_every_number_comes_out_again(folder: Path) -> None:
    found = {f"{folder.name}/{table.table}": table for table in audit(folder)}
    assert found
    assert {name: table.off for name, table in found.items() if table.off} == {}
    least = {name: NOT_ALL.get(name, 1.0) for name in found}
    assert {name: table.told() for name, table in found.items() if table.share < least[name]} == {}
    assert_all_tables_are_looked_at(folder, found)


def assert_all_tables_are_looked_at(folder: Path, found: dict[str, Checked]) -> None:
    made = [folder, folder / "tables"]
    files = {path.name for path in folder.glob("*.csv")}
    made_by_us = {path.name for path in (folder / "tables").glob("*.csv") if has_rows(path)}
    files |= {"tables/starts.csv" if name == "starts.csv" else name for name in made_by_us}
    pages = {path.name for place in made for path in place.glob("*.md") if has_runs(path)}
    told = {name.partition("/")[2].partition(",")[0] for name in found}
    assert files | pages <= told


def has_rows(table: Path) -> bool:
    """Whether a table has more than its header: that of labels has none where they mean nothing."""
    return len(table.read_text(encoding="utf-8").splitlines()) > 1


def has_runs(page: Path) -> bool:
    """Whether a page has a table with figures of ours: not h800's description, nor a page without any run."""
    text = page.read_text(encoding="utf-8")
    return "|--" in text.replace(":-", "-").replace("-:", "-") and page.parent.name != "h800"


def change(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def a_cell_of_a_table(folder: Path) -> None:
    change(folder / "runs.csv", "24890.", "24891.")


def a_figure_on_a_page(folder: Path) -> None:
    change(folder / "packing.md", "35,435.31", "35,435.32")


def a_figure_written_by_hand(folder: Path) -> None:
    change(folder / "README.md", "| 41,691 to 48,656 |", "| 41,691 to 48,665 |")


def a_row_that_was_left_out(folder: Path) -> None:
    lines = (folder / "repeats.csv").read_text(encoding="utf-8").splitlines(keepends=True)
    (folder / "repeats.csv").write_text("".join(lines[:-1]), encoding="utf-8")


def a_raw_file(folder: Path) -> None:
    path = folder / "runs" / "saturation" / "packed-n4" / "measurement.json"
    measurement = json.loads(path.read_text(encoding="utf-8"))
    measurement["repeats"][1]["seconds"] *= 1.0001
    path.write_text(json.dumps(measurement), encoding="utf-8")


@pytest.mark.parametrize(
    ("plant", "table", "named"),
    [
        (a_cell_of_a_table, "runs.csv", "packing, packed-n4: total_token_throughput: 24891."),
        (
            a_figure_on_a_page,
            "packing.md",
            "packing/separate-n4: total tokens/s: 35435.32 stands there, 35435.31",
        ),
        (
            a_figure_written_by_hand,
            "README.md",
            "packing/separate-n40: 95 % interval: 48665 stands there, 48656",
        ),
        (a_row_that_was_left_out, "repeats.csv", "saturation, separate-n1, 3: the row is missing"),
        (a_raw_file, "repeats.csv", "saturation, packed-n4, 2: seconds:"),
    ],
)
def test_what_is_wrong_is_named(
    tmp_path: Path, plant: Callable[[Path], None], table: str, named: str
) -> None:
    folder = shutil.copytree(REFERENCES / "h200", tmp_path / "h200")
    plant(folder)
    off = {each.table: each.off for each in audit(folder) if each.off}
    assert any(named in line for line in off[table])
    if plant is not a_raw_file:
        assert {name: len(lines) for name, lines in off.items()} == {table: 1}


def test_nothing_of_the_project_is_imported() -> None:
    for path in Path(__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                root = name if name in ALLOWED else name.partition(".")[0]
                inside = name.startswith("tests.audit")
                assert inside or root in ALLOWED or is_of_python(root), f"{path.name} imports {name}"


def is_of_python(name: str) -> bool:
    import sys

    return name in sys.stdlib_module_names


def test_figures_over_engine_starts() -> None:
    """Three starts on one GPU: the mean of their logarithms, and Student's interval of these."""
    from tests.audit.several_starts import of_metric

    found = of_metric("speed", [100.0, 110.0, 121.0], ["a"] * 3)
    assert found["speed"] == pytest.approx(110.0)
    assert found["speed_high"] / 110 == pytest.approx(110 / found["speed_low"])
    assert found["speed_high"] / 110 == pytest.approx(1.1 ** (4.302653 / 3**0.5), rel=1e-6)
    assert isinstance(of_metric("speed", [100.0, 110.0], ["a"] * 2)["speed_low"], Unknown)
    assert of_metric("speed", [100.0, 121.0, 121.0], ["a", "b", "b"])["speed"] == pytest.approx(110.0)
