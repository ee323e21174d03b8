"""Verdicts on open loops: of queues whose truth is known, and of the measured ones of the reference."""

import numpy as np
import pandas as pd
import pytest
from support.project import ROOT
from support.queues import CAPACITY, client, even, poisson, verdicts

from batchscope.statistics.intervals import Interval
from batchscope.statistics.queue_growth import ENOUGH, Queue, queue

OPEN_LOOP = ROOT / "docs" / "reference" / "h100" / "serving" / "open_loop"


@pytest.mark.parametrize("server", ["even", "exponential", "steps"])
@pytest.mark.parametrize(
    ("busy", "right", "wrong"),
    [(0.5, "keeps up", "piles up"), (0.8, None, "piles up"), (1.3, "piles up", "keeps up")],
)
def test_verdicts_are_hardly_ever_wrong(server: str, busy: float, right: str | None, wrong: str) -> None:
    found = verdicts(server, busy, count=800, trials=40)
    assert found[wrong] <= 5
    if right:
        assert found[right] >= 90


def test_a_lack_of_a_twentieth_is_mostly_seen_and_never_called_keeping_up() -> None:
    found = verdicts("even", 1.05, count=1600, trials=40)
    assert found["piles up"] >= 75
    assert found["keeps up"] <= 5


def test_ttft_grows_by_what_is_lacking() -> None:
    rng = np.random.default_rng(0)
    sent = poisson(rng, 200, 2000)
    found = queue(client(sent, even(rng, sent)))
    assert found.finished.middle == pytest.approx(CAPACITY, rel=0.01)
    assert found.growth.low < found.came / CAPACITY - 1 < found.growth.high


@pytest.mark.parametrize(
    ("rate", "verdict"),
    [
        (20, "keeps up"),
        (60, "keeps up"),
        (100, "keeps up"),
        (140, "piles up"),
        (200, "piles up"),
        (400, "piles up"),
    ],
)
def test_the_measured_ones(rate: int, verdict: str) -> None:
    """At 140 a second 138 came and 132 were finished, with waits that grew by less than a twentieth."""
    assert queue(pd.read_parquet(OPEN_LOOP / f"separate-n1-rate{rate}" / "client.parquet")).verdict == verdict


def test_a_few_requests_or_all_at_once_have_no_verdict() -> None:
    sent = poisson(np.random.default_rng(0), 20, ENOUGH)
    assert queue(client(sent, sent + 0.01)) is not None
    assert queue(client(sent[1:], sent[1:] + 0.01)) is None
    assert queue(client(np.zeros(ENOUGH), np.full(ENOUGH, 0.1))) is None
    late = np.sort(np.concatenate([np.zeros(ENOUGH), [10.0]]))
    assert queue(client(late, late + 0.1)) is None, "nearly all came in the first quarter"


def test_failed_requests_did_not_come() -> None:
    sent = poisson(np.random.default_rng(0), 20, 2 * ENOUGH)
    rows = client(sent, sent + 0.01)
    rows.loc[::2, ["ttft_s", "e2el_s", "error"]] = [np.nan, np.nan, "Bad Request"]
    assert queue(rows).came == pytest.approx(10, rel=0.2)


def test_between_the_two_nothing_is_settled() -> None:
    def found(came: float, growth: float) -> str:
        return Queue(came, Interval(95, 100, 105), Interval(-growth, 0.0, growth)).verdict

    assert [found(106, 0.0), found(104, 0.01), found(104, 0.06)] == ["piles up", "keeps up", "not settled"]
