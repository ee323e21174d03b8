"""A study in one engine start, then in three: what is measured, where it lies, and what the page says of it."""

from statistics import geometric_mean

import pandas as pd
import pytest
from support.engines import measurement
from support.project import Outcome, Project

pytestmark = pytest.mark.engine

RUNS = ("packed-n4", "separate-n4")
PAGE = "results/tables/packing.md"


def study(project: Project, starts: int, *arguments: str) -> Outcome:
    """The study in so many engine starts, with repeats enough for an interval."""
    asked = {"set": {"measure.starts": starts, "measure.repeats": 3}}
    config = {"studies": {"packing": asked, "saturation": None}}
    outcome = project.snakemake(*(arguments or [PAGE]), config=config)
    assert outcome.status == 0, outcome.text
    return outcome


def ids_of_starts(project: Project) -> list[list[str]]:
    """Of each start, those of the two runs."""
    return [
        [measurement(project, f"packing/{run}{start}")["engine"]["start_id"] for run in RUNS]
        for start in ("", ".start2", ".start3")
    ]


@pytest.mark.long
def test_further_starts_are_measured_beside_the_first_and_all_make_the_interval(prepared: Project) -> None:
    """Three of them: with two, a busy machine's passes may stand in two states, and nothing is compared."""
    assert study(prepared, 1).measured == {"packing/packed-n4", "packing/separate-n4"}
    first = [prepared.results / f"runs/packing/{run}/measurement.json" for run in RUNS]
    before = [path.read_bytes() for path in first]

    second = {"packing/packed-n4.start2", "packing/separate-n4.start2"}
    assert study(prepared, 2, PAGE, "--dry-run").measured == second
    assert study(prepared, 3).measured == second | {name.replace("2", "3") for name in second}
    assert [path.read_bytes() for path in first] == before
    told = (measurement(prepared, f"packing/packed-n4{start}")["spec"] for start in ("", ".start2"))
    assert [spec.get("start") for spec in told] == [None, 2]
    ids = ids_of_starts(prepared)
    assert all(mine == its for mine, its in ids), "runs share each start"
    assert len({mine for mine, _ in ids}) == 3, "each is another process"
    assert_over_starts(prepared)
    page = (prepared.folder / PAGE).read_text()
    assert "over 3 engine starts, 3 repeats each)" in page
    assert "not paired" not in page

    again = study(prepared, 3, "results/runs/packing/packed-n4.start2/measurement.json", "--force")
    assert again.measured == {"packing/packed-n4.start2"}
    assert study(prepared, 3).measured == set()
    changed = [new != old for new, old in zip(ids_of_starts(prepared), ids, strict=True)]
    assert changed == [False, True, False]
    assert "not paired: they share 2 of 3 engine starts" in (prepared.folder / PAGE).read_text()


def assert_over_starts(project: Project) -> None:
    """The tables: a row a run, over its starts; a row a start; and the start of each repeat."""
    runs, starts, repeats = (
        pd.read_csv(project.results / f"tables/{name}.csv") for name in ("runs", "starts", "repeats")
    )
    assert list(zip(runs["run"], runs["starts"], strict=True)) == [(run, 3) for run in RUNS]
    assert list(starts["folder"]) == [f"{run}{start}" for start in ("", ".start2", ".start3") for run in RUNS]
    assert repeats.groupby(["run", "start"]).size().tolist() == 6 * [3]
    for _, run in runs.iterrows():
        each = starts.loc[starts["run"] == run["run"], "texts_per_s"]
        assert run["texts_per_s"] == pytest.approx(geometric_mean(each))
        assert run["texts_per_s_low"] < each.min() < each.max() < run["texts_per_s_high"]
