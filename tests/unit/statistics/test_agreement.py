"""Agreement of two runs, against scikit-learn's kappa, and by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import cohen_kappa_score
from support.analysis_helpers import labelled

from batchscope.statistics.agreement import agreement, kappa_of, paired_answers
from batchscope.statistics.shares import share


def answers(seed, texts, labels, n=1):
    """Prompts of n texts without gold labels, answered at random; ? is no answer."""
    signs = "".join(np.random.default_rng(seed).choice(list(labels), texts))
    return [f"{'?' * n}:{signs[start : start + n]}" for start in range(0, texts, n)]


@pytest.mark.parametrize("labels", ["ab", "abcde", "ab?", "abcdefghijklmnopqrstuvwxyz"])
def test_kappa_and_raw_agreement_are_those_of_scikit_learn(labels):
    run, reference = labelled(*answers(1, 300, labels, 10)), labelled(*answers(2, 300, labels))
    found = agreement(run, reference, [each for each in labels if each != "?"])
    mine, its = (rows["label"].astype(object).fillna("none") for rows in (run, reference))
    assert found.kappa.value == pytest.approx(cohen_kappa_score(its, mine))
    assert found.same.value == pytest.approx((mine == its).mean())
    assert (found.texts, found.prompts) == (300, 30)
    low, high = found.kappa.interval
    assert low < found.kappa.value < high


def test_texts_are_paired_whatever_their_order_and_number():
    run = labelled("???:abc", "??:ab")
    reference = labelled(*["?:a", "?:b", "?:b", "?:a", "?:b", "?:c"]).sample(frac=1, random_state=1)
    found = agreement(run, reference, "abc")
    assert (found.same.count, found.same.total) == (4, 5)
    twice = pd.concat([run, run])
    mine, its = paired_answers(twice, reference, "abc")
    assert (len(mine), (mine == its).sum()) == (10, 8)
    assert agreement(run, labelled("?:a", first=100), "abc") is None


def test_no_label_agrees_with_no_label():
    found = agreement(labelled("?:?", "?:a"), labelled("?:?", "?:?"), "a")
    assert (found.same.count, found.same.total) == (1, 2)


def test_separate_prompts_have_wilsons_interval_and_packed_ones_a_wider_one():
    reference = labelled(*["?:a"] * 400)
    alone = agreement(labelled(*["?:a"] * 300, *["?:b"] * 100), reference, "ab").same
    assert alone == share(300, 400)
    whole = agreement(
        labelled(*[f"{'?' * 10}:{'a' * 10}"] * 30, *[f"{'?' * 10}:{'b' * 10}"] * 10), reference, "ab"
    )
    assert whole.same.high - whole.same.low > 2.5 * (alone.high - alone.low)


def test_a_kappa_of_hardly_any_disagreement_has_no_interval():
    reference = labelled(*["?:a", "?:b"] * 50)
    five = labelled(*["?:b", "?:b"] * 5, *["?:a", "?:b"] * 45)
    assert agreement(five, reference, "ab").kappa.interval is None
    six = labelled(*["?:b", "?:b"] * 6, *["?:a", "?:b"] * 44)
    assert agreement(six, reference, "ab").kappa.interval is not None


def test_kappa_of_equal_answers_is_one():
    both = np.array([0, 1, 1, -1])
    assert kappa_of(both, both, 2) == 1.0
