"""2:4 kernels that were asked for: whether they were in force."""

from typing import Any

import pytest
from support.gate_helpers import codes, detail, details, gpu_run

from batchscope.config.studies import Study
from batchscope.reports.study.page import study_page
from batchscope.results.frames import runs_frame
from batchscope.results.records import RunRecord

KERNELS = {"source": "local", "path": "mine", "sparsity": "2:4", "sparse_kernels": True}
AS_DENSE = {"source": "local", "path": "mine", "sparsity": "2:4"}
ALL = {"linear": 128, "with_2_4_kernels": 128}
UNCOUNTED = "The layers that had sparse kernels were not counted"


def counted(tmp_path, counts: dict[str, int] | None, model: dict[str, Any] = KERNELS, **values) -> RunRecord:
    engine = {"start_s": 21.5, **({"sparse_layers": counts} if counts else {})}
    return gpu_run(tmp_path, model=model, more={"engine": engine}, **values)


def notes(*records: RunRecord) -> list[str]:
    """What the study's page says of the count."""
    page = study_page("mine", Study(), runs_frame(records, []))
    return [line for line in page.notes if UNCOUNTED in line]


def test_a_run_counts_where_all_layers_have_them(tmp_path) -> None:
    assert details(counted(tmp_path, ALL)) == []


@pytest.mark.parametrize("sparse", [0, 1, 127])
def test_a_layer_without_them_is_a_run_without_them(tmp_path, sparse: int) -> None:
    record = counted(tmp_path, ALL | {"with_2_4_kernels": sparse})
    assert codes(record) == ["sparse_kernels"]
    assert detail(record).startswith(f"{sparse} of 128 linear layers have 2:4 kernels")
    assert "drop sparse_kernels" in detail(record)


def test_no_layer_at_all_is_no_proof(tmp_path) -> None:
    record = counted(tmp_path, {"linear": 0, "with_2_4_kernels": 0})
    assert codes(record) == ["sparse_kernels"]
    assert "no linear layer was found" in detail(record)


def test_a_run_from_before_the_count_stays_valid_and_its_page_says_that_nobody_counted(tmp_path) -> None:
    before, after = (
        counted(tmp_path, counts, suffix=end) for counts, end in ((None, "-before"), (ALL, "-after"))
    )
    assert details(before) == []
    assert notes(before) == [f"{UNCOUNTED}."]
    assert notes(after) == []
    (one,) = notes(counted(tmp_path, None, n=8), after)
    assert one == f"{UNCOUNTED}: packed prompts (n=8)."


def test_a_run_that_does_not_count_is_not_said_to_be_uncounted(tmp_path) -> None:
    assert notes(counted(tmp_path, None, invalid=[{"code": "requests"}])) == []


@pytest.mark.parametrize("model", [AS_DENSE, None])
def test_runs_of_other_models_are_not_judged(tmp_path, model: dict[str, Any] | None) -> None:
    record = counted(tmp_path, None, model or {"source": "demo", "load_format": "dummy"})
    assert details(record) == []
    assert notes(record) == []
    assert "sparse_layers" not in runs_frame([record], [])


def test_the_count_is_a_column_where_there_is_one(tmp_path) -> None:
    runs = runs_frame([counted(tmp_path, ALL), counted(tmp_path, None, AS_DENSE, n=8)], [])
    assert runs["sparse_layers"].fillna(-1).tolist() == [128, -1]
    assert runs["sparsity"].tolist() == ["2:4, 2:4 kernels", "2:4, as-dense"]
    assert "sparse_layers" not in runs_frame([counted(tmp_path / "b", None)], [])
