"""Why a difference is not claimed: the reason must be the one that holds."""

import math

import pytest

from batchscope.reporting.claims import FEW, Doubt, doubt_of, in_words
from batchscope.results.comparison import Likely
from batchscope.statistics.replicates import Estimate


def likely(
    ratio: float, deviation: float, freedom: float = 5.0, *, spread: float = 0.014, settled: bool = False
) -> Likely:
    return Likely(Estimate(math.log(ratio), deviation**2, freedom), spread, settled)


CLEAR, LEVEL, UNCLEAR = likely(1.05, 0.01), likely(1.014, 0.0053), likely(1.01, 0.01)


def test_what_is_clear_beside_all_others_is_claimed() -> None:
    assert CLEAR.estimate.p < 0.04
    assert doubt_of(CLEAR, CLEAR.estimate.p, 1, two_gpus=False) is None


def test_what_is_clear_alone_may_be_one_of_many() -> None:
    assert CLEAR.estimate.interval().low > 1
    found = doubt_of(CLEAR, 0.11, 14, two_gpus=False)
    assert found == Doubt("many", "one of 14 comparisons may come out so by chance", 14)


@pytest.mark.parametrize(
    ("two", "kind", "words"),
    [
        (False, "starts", "equal runs differ by up to 1.4 % from one engine start to the next"),
        (True, "gpus", "equal runs differ by up to 1.4 % between two such GPUs"),
    ],
)
def test_what_is_within_the_spread_is_told_with_it(two: bool, kind: str, words: str) -> None:
    found = doubt_of(UNCLEAR, 0.4, 3, two_gpus=two)
    assert (found.kind, found.words) == (kind, words)
    slower = likely(1 / 1.01, 0.01)
    assert doubt_of(slower, 0.4, 3, two_gpus=two).kind == kind


def test_the_spread_is_no_reason_for_what_is_beyond_it() -> None:
    """Between the level of an interval and that of a claim; or where repeats are noisy."""
    assert LEVEL.estimate.interval().low > 1
    assert 0.04 < LEVEL.estimate.p < 0.05
    level = doubt_of(likely(1.014, 0.0053, spread=0.013), LEVEL.estimate.p, 1, two_gpus=False)
    assert level.kind == "chance"
    assert level.words.startswith("equal runs come out so in 4.")
    assert level.words.endswith(" % of cases (a claim takes less than 4 %)")
    noisy = doubt_of(likely(1.3, 0.2), 0.3, 1, two_gpus=False)
    assert noisy.kind == "chance"


def test_starts_that_know_their_own_spread_do_not_lean_on_the_documented_one() -> None:
    assert doubt_of(likely(1.01, 0.01, settled=True), 0.4, 3, two_gpus=False).kind == "chance"


def test_reasons_of_one_kind_are_told_once_with_the_largest_number() -> None:
    narrow, wide = (
        doubt_of(likely(1.01, 0.01, spread=spread), 0.4, 3, two_gpus=False) for spread in (0.02, 0.036)
    )
    many = doubt_of(CLEAR, 0.11, 14, two_gpus=False)
    assert in_words([narrow, many, wide, FEW]) == (
        "equal runs differ by up to 3.6 % from one engine start to the next, or one of 14 comparisons may come out so by "
        "chance, or steady repeats are too few"
    )
    assert in_words([]) == ""
