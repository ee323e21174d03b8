"""Closed loops with too few requests, as a plan tells them."""

import re

import pytest
from support.situations import situation

from batchscope.planning.load_sizes import describe_short_loads


def runs(load: dict) -> list:
    study = {"set": {"texts": 100, "layout": "separate", "n": 1}, "include": [load]}
    return [run for run in situation({"serving": {"studies": {"mine": study}}}).runs if run.load]


@pytest.mark.parametrize(("under_way", "count"), [(2, 19), (16, 100), (1024, 400)])
def test_a_short_load_is_told_with_a_remedy_that_works(under_way: int, count: int) -> None:
    short = runs({"load.max_concurrency": under_way, "load.requests": count})
    said = describe_short_loads(short, {short[0].id: count})
    assert f"serving/{short[0].id}: {count:,} requests, {under_way:,} under way; set load.requests: " in said
    needed = int(re.search(r"load\.requests: (\d+)", said)[1])
    longer = runs({"load.max_concurrency": under_way, "load.requests": needed})
    assert describe_short_loads(longer, {longer[0].id: needed}) == ""


def test_one_under_way_open_loops_and_what_is_up_to_date_are_passed_over() -> None:
    alone, rate, bounded = (
        runs({key: value})[0]
        for key, value in (
            ("load.max_concurrency", 1),
            ("load.request_rate", 5),
            ("load.max_concurrency", 64),
        )
    )
    assert describe_short_loads([alone, rate], {alone.id: 2, rate.id: 2}) == ""
    assert describe_short_loads([bounded], {}) == ""
