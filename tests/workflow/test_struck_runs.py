"""A run that did other work than asked is struck out in its study's table: from the engine's check to the page."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from support.project import Project

from batchscope.common.answer_limits import AnswerLimits, output_tokens_check
from batchscope.common.seal import sealed, sealed_files
from batchscope.config.studies import Study
from batchscope.reporting.render import page_markdown
from batchscope.reports.study.page import study_page
from batchscope.results.records import load_runs
from scripts.make_tables import PUBLISHED, write_tables

pytestmark = pytest.mark.engine

RUN = "packed-n4"


@pytest.fixture
def runs(measured: Project, tmp_path: Path) -> Path:
    """The runs of a study that was really measured, to be spoilt."""
    shutil.copytree(measured.results / "runs" / "packing", tmp_path / "packing")
    return tmp_path / "packing"


def page(runs: Path) -> str:
    frame = write_tables(load_runs(sorted(runs.iterdir())), PUBLISHED, runs.parent / "tables")
    return page_markdown(study_page("packing", Study(), frame))


def line_of(text: str, status: str) -> str:
    return next(line for line in text.splitlines() if line.startswith("| packed") and status in line)


def with_fault(runs: Path, change: Callable[[list[int]], None]) -> str:
    """The page after the check of one pass has seen other numbers of output tokens; what it says is returned too."""
    path = runs / RUN / "measurement.json"
    measurement: dict[str, Any] = json.loads(path.read_text())
    limits = {each["n"]: AnswerLimits(each["least"], each["most"]) for each in measurement["answers"]}
    rows = [row for row in pq.read_table(runs / RUN / "requests.parquet").to_pylist() if row["repeat"] == 0]
    found = [row["output_tokens"] for row in rows]
    change(found)
    code, got, wanted, what = output_tokens_check(found, [limits[4]] * len(found))
    if got != wanted:  # as the engine's side writes it down
        measurement["invalid"].append({"code": code, "detail": f"{got} {what}, {wanted} expected"})
    path.write_text(json.dumps(sealed(measurement, path.parent, sealed_files(measurement))))
    return page(runs)


def shorter(found: list[int]) -> None:
    found[0] -= 1


def longer(found: list[int]) -> None:
    found[0] += 2


@pytest.mark.parametrize(("change", "detail"), [(shorter, "3 output tokens"), (longer, "6 output tokens")])
def test_other_numbers_of_output_tokens_strike_a_run_out(
    runs: Path, change: Callable[[list[int]], None], detail: str
) -> None:
    text = with_fault(runs, change)
    line = line_of(text, "invalid: output_tokens")
    assert "~~" in line, "its figures are struck through"
    assert f"Not counted: packed prompts (n=4). output_tokens: {detail}, 4 expected." in text
    assert "Left out: packed prompts (n=4), invalid: output_tokens." in text
    assert not any(word in text for word in ("faster", "as fast", "difference seen")), (
        "it is compared with nothing"
    )


def test_the_right_number_strikes_nothing(runs: Path) -> None:
    text = with_fault(runs, lambda found: None)
    assert "~~" not in text
    assert "Not counted" not in text
