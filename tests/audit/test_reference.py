"""Every number of every table in docs/reference comes out again, and a wrong one is named."""

import ast
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from scipy import stats

from tests.audit.checked import Checked
from tests.audit.reference import REFERENCES, audit, folders
from tests.audit.several_starts import STARTS, Start, of_metric

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


def a_wrong_interval_over_starts(folder: Path) -> None:
    change(folder / "tables" / "runs.csv", "19.013947949613637", "19.013957949613637")


def a_wrong_end_on_a_page(folder: Path) -> None:
    change(folder / "tables" / "weights.md", "135.0 (133.1 to 136.9)", "135.0 (133.1 to 136.8)")


def a_wrong_start_inside_a_cell(folder: Path) -> None:
    change(folder / "tables" / "packing.csv", "4.565148527752136", "4.565148627752136")


def test_what_is_wrong_over_starts_is_named(tmp_path: Path) -> None:
    """Starts on two GPUs: a digit of an interval, on its page, and inside of a cell."""
    without_server = shutil.ignore_patterns("serving*", "plots")
    folder = shutil.copytree(REFERENCES / "h200-starts", tmp_path / "starts", ignore=without_server)
    for plant in (a_wrong_interval_over_starts, a_wrong_end_on_a_page, a_wrong_start_inside_a_cell):
        plant(folder)
    off = {each.table: each.off for each in audit(folder) if each.off}
    assert [lines[0].partition(" stands")[0] for lines in off.values() if len(lines) == 1] == [
        "packing, packed-n4: request_throughput_low: 19.013957949613637",
        "packing, packed-n4, 2: log_mean: 4.565148627752136",
        "weights/separate-n1-normal: texts/s: 136.8",
    ]
    assert list(off) == ["runs.csv", "packing.csv, each_start", "weights.md"]


def a_wrong_rate_of_a_product(folder: Path) -> None:
    change(folder / "tables" / "gemm.csv", "672.2530351842338", "672.2530451842338")


def a_wrong_ratio_on_a_page(folder: Path) -> None:
    change(folder / "tables" / "gemm.md", "1.416 (1.334 to 1.503)", "1.416 (1.334 to 1.504)")


def a_wrong_error_on_a_page(folder: Path) -> None:
    change(folder / "tables" / "gemm.md", "1.66e-03", "1.67e-03")


def a_wrong_clock_by_hand(folder: Path) -> None:
    change(folder / "README.md", "1,566", "1,567")


def a_wrong_product_by_hand(folder: Path) -> None:
    change(folder / "README.md", "1.217 (1.211 to 1.224)", "1.218 (1.211 to 1.224)")


def test_what_is_wrong_with_products_is_named(tmp_path: Path) -> None:
    folder = shutil.copytree(
        REFERENCES / "h200-sparse", tmp_path / "h200-sparse", ignore=shutil.ignore_patterns("plots")
    )
    plants = (
        a_wrong_rate_of_a_product,
        a_wrong_ratio_on_a_page,
        a_wrong_error_on_a_page,
        a_wrong_clock_by_hand,
        a_wrong_product_by_hand,
    )
    for plant in plants:
        plant(folder)
    off = {each.table: each.off for each in audit(folder) if each.off}
    assert [lines[0].partition(" stands")[0] for lines in off.values() if len(lines) == 1] == [
        "normal-8b, qkv, 512, dense bfloat16: tflops: 672.2530451842338",
        "('normal-8b', 'qkv', 512): x dense bfloat16 (dense fp8): 1.504",
        "dense bfloat16: error: '1.67e-03'",
        "400: mean SM clock, dense (MHz): 1567",
        "32768: 2:4 fp8, torchao CUTLASS: ratio: 1.218",
    ]


def test_figures_over_engine_starts() -> None:
    """One GPU's three starts, or three GPUs, speak for themselves: Student's interval of their means."""
    a, b, c = ((speed * 0.99, speed, speed / 0.99) for speed in (100.0, 110.0, 121.0))
    for starts in (
        [Start("g", a), Start("g", b), Start("g", c)],
        [Start("g", a), Start("h", b), Start("i", c)],
    ):
        found = of_metric("speed", starts, STARTS["busy"])
        assert found["speed"] == pytest.approx(110.0)
        assert found["speed_high"] / 110 == pytest.approx(110 / found["speed_low"])
        assert found["speed_high"] / 110 == pytest.approx(1.1 ** (4.302653 / 3**0.5), rel=1e-6)
    twice = [Start("h", c), Start("g", a), Start("h", c)]
    assert of_metric("speed", twice, STARTS["busy"])["speed"] == pytest.approx(110.0)


def test_few_starts_lean_on_the_documented_spread() -> None:
    """Two equal starts of quiet repeats: what starts differ by elsewhere is all that there is."""
    quiet = (100.0, 100.0, 100.0)
    pair = of_metric("speed", [Start("g", quiet)] * 2, (0.0039, 5))
    variance = 5 * 0.0039**2 / 6 / 2
    assert math.log(pair["speed_high"] / 100) == pytest.approx(2.446912 * variance**0.5, rel=1e-6)
    apart = of_metric("speed", [Start("g", quiet), Start("h", quiet)], (0.0039, 5))
    of_starts, of_gpus = 0.0039**2 / 2, 5 * 0.0088**2 / 6 / 2
    freedom = (of_starts + of_gpus) ** 2 / (of_starts**2 / 5 + of_gpus**2 / 6)
    half = float(stats.t.ppf(0.975, freedom)) * (of_starts + of_gpus) ** 0.5
    assert math.log(apart["speed_high"] / 100) == pytest.approx(half)


def test_repeats_that_differ_make_two_starts_less_sure() -> None:
    noisy = (90.0, 100.0, 111.0)
    widths = [of_metric("speed", [Start("g", each)] * 2, (0.0039, 5)) for each in ((100.0,) * 3, noisy)]
    quiet, wide = (math.log(each["speed_high"] / each["speed_low"]) for each in widths)
    assert wide > 2 * quiet
    by_rule = of_metric("speed", [Start("g", noisy, "last")] * 2, (0.0039, 5))
    assert math.log(by_rule["speed_high"] / by_rule["speed_low"]) > wide
    assert math.isnan(of_metric("speed", [Start("g", noisy[:2])] * 2, (0.0039, 5))["speed_low"])
