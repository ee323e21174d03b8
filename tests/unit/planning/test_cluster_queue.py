"""The simulated queue of a cluster."""

from pathlib import Path

import pytest

from batchscope.config.configuration import load_config
from batchscope.planning.cluster_queue import ALLOCATION_S, RUN_S, allocations, describe_queue, schedule
from batchscope.planning.cluster_queue import Allocation as Queued
from batchscope.planning.seconds.engine_start import CPU_START_S
from batchscope.planning.sweep_plan import plan_runs
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.order import runs_by_engine


def test_allocations_are_placed_where_room_is_first() -> None:
    queue = [Queued("a", 1, 1, 60), Queued("b", 1, 1, 30), Queued("c", 1, 1, 20), Queued("d", 1, 2, 10)]
    assert [(each.node, each.start, each.end) for each in schedule(queue[:3], 2, 1)] == [
        (1, 0, 60), (2, 0, 30), (2, 30, 50),
    ]  # fmt: skip
    # one node with two GPUs: the last needs both
    assert [(each.start, each.end) for each in schedule(queue, 1, 2)] == [
        (0, 60),
        (0, 30),
        (30, 50),
        (60, 70),
    ]
    text = describe_queue(schedule(queue[:3], 2, 1), 2, 1)
    assert "Wall time: about 1.0 minutes" in text
    assert "GPU hours: 0.03; GPUs in use 92% of the time." in text
    assert "More nodes change nothing" in text


def test_an_allocation_starts_its_engine_once(tmp_path: Path) -> None:
    config = load_config({})
    runs = expand_studies(config)
    points = {f"serving/{run.id}" for run in expand_serving(config)}
    stale = {run.id for run in runs if run.id != "packing/packed-n4"} | points
    planned = plan_runs(config, tmp_path, dict.fromkeys(stale, "stale"))
    queue = allocations(planned)
    assert sum(each.runs for each in queue) == len(stale)
    assert [each.runs for each in queue if each.name.startswith("server-")] == [len(points)]
    first = [run for run in planned if run.run in runs_by_engine(runs)[queue[0].name] and run.stale]
    work = sum(run.seconds for run in first)
    assert queue[0].seconds == pytest.approx(ALLOCATION_S + CPU_START_S + work + RUN_S * len(first))
