"""The plan's sums."""

from dataclasses import replace

import pytest

from batchscope.planning.described_plan import FASTER, RUN_S, SLOWER, describe_plan, total_of
from batchscope.planning.seconds.job_seconds import JobSeconds
from batchscope.planning.sweep_plan import PlannedRun


def run(name: str, engine: str = "a", stale: str | None = "new", *, measured: bool = True) -> PlannedRun:
    return PlannedRun(name, engine, 10, 3000, True, 30.0, 10.0, 60.0, 25.0, 1, "cpu", measured, stale)


def test_an_engine_starts_once_and_what_is_up_to_date_costs_nothing() -> None:
    jobs = JobSeconds({"make_tables": 4.0}, 1.0)
    total = total_of([run("s/a"), run("s/b"), run("s/c", "b", stale=None)], {"make_tables": 1}, jobs)
    assert total.starts == 25
    assert total.passes == 60 + 2 * RUN_S
    fixed = 25 + 2 * RUN_S + total.others
    assert total.least == pytest.approx(FASTER * (fixed + 20))
    assert total.most == pytest.approx(SLOWER * (fixed + 120))
    assert total.least < total.likely < total.most


def test_a_guess_beside_other_programs_may_come_out_sooner() -> None:
    jobs = JobSeconds({}, 1.0)
    calm, busy = (total_of([run("s/a", measured=False)], {}, jobs, share) for share in (1.0, 0.5))
    assert busy.least == pytest.approx(calm.least / 2)
    assert (busy.likely, busy.most) == (calm.likely, calm.most)
    experience = total_of([run("s/a")], {}, jobs, 0.5)
    assert experience.least == pytest.approx(FASTER * (0.5 * RUN_S + 25 + 10)), "it was measured here"
    assert "60% of a core's time" in describe_plan([run("s/a")], {}, jobs, 0.4)
    assert "busy" not in describe_plan([run("s/a")], {}, jobs, 0.9)


def test_nothing_to_do_is_said_in_a_line() -> None:
    text = describe_plan([run("s/a", stale=None)], {})
    assert text.splitlines()[-1] == "0 of 1 runs to measure."
    assert "up to date" in text


def test_reports_alone_take_their_time() -> None:
    text = describe_plan([run("s/a", stale=None)], {"report_cost": 20})
    assert "0 of 1 runs to measure: about 1." in text
    assert "Other jobs: 20 report_cost." in text


def test_what_the_engine_does_not_accept_is_said_and_not_measured_again() -> None:
    refused = replace(run("s/b", stale=None), refused=True)
    text = describe_plan([run("s/a", stale=None), refused], {})
    (line,) = [line for line in text.splitlines() if line.startswith("s/b")]
    assert line.endswith("not accepted by the engine")
    assert "0 of 2 runs to measure." in text
    assert "1 run is not accepted by the engine, and asked again only after a change of configuration" in text
    assert "not accepted" not in describe_plan([run("s/a")], {})
