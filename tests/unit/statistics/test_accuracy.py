"""Shares, their intervals, and differences between runs: scikit-learn's, SciPy's, and by hand."""

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, recall_score
from support.analysis_helpers import labelled

from batchscope.statistics.accuracy import by_position, difference, mcnemar, quality, with_gold_of
from batchscope.statistics.confusion import NONE

CLASSES = ("positive", "negative")


def random_prompts(seed: int, prompts: int, n: int, right: float, missing: float = 0.0) -> list[str]:
    """Prompts with gold labels and answers: right, wrong or missing with these probabilities."""
    rng, made = np.random.default_rng(seed), []
    for _ in range(prompts):
        gold = rng.choice(["+", "-"], n)
        other = np.where(gold == "+", "-", "+")
        answer = np.where(rng.random(n) < right, gold, other)
        made.append(f"{''.join(gold)}:{''.join(np.where(rng.random(n) < missing, '?', answer))}")
    return made


@pytest.mark.parametrize(
    ("seed", "right", "missing"), [(0, 0.9, 0.0), (1, 0.6, 0.2), (2, 0.0, 0.0), (3, 1.0, 1.0)]
)
def test_accuracy_confusion_and_coverage_are_those_of_scikit_learn(seed, right, missing):
    labels = labelled(*random_prompts(seed, 50, 7, right, missing))
    gold, answers = labels["gold"].astype(object), labels["label"].astype(object).fillna(NONE)
    found = quality(labels, CLASSES)
    assert found.accuracy.right.value == pytest.approx(accuracy_score(gold, answers))
    assert found.accuracy.right.count == accuracy_score(gold, answers, normalize=False)
    expected = confusion_matrix(gold, answers, labels=[*CLASSES, NONE])
    assert (found.accuracy.table == expected[: len(CLASSES)]).all()
    assert found.accuracy.balanced.value == pytest.approx(
        recall_score(gold, answers, labels=CLASSES, average="macro")
    )
    f1 = f1_score(gold, answers, labels=CLASSES, average="macro", zero_division=0)
    assert found.accuracy.macro_f1.value == pytest.approx(f1)
    assert found.found.value == pytest.approx(recall_score(np.ones(350), answers.ne(NONE)))


def test_intervals_hold_the_figures_and_few_prompts_have_none():
    accuracy = quality(labelled(*random_prompts(0, 50, 7, 0.8)), CLASSES).accuracy
    for figure in (accuracy.balanced, accuracy.macro_f1):
        low, high = figure.interval
        assert 0.7 < low < figure.value < high < 0.9
    few = quality(labelled(*random_prompts(0, 9, 7, 0.8)), CLASSES).accuracy
    assert few.balanced.interval is None


def test_texts_without_a_gold_label_count_in_coverage_alone():
    found = quality(labelled("a?b:aab", "??:?c"), "abc")
    assert (found.accuracy.right.count, found.accuracy.right.total) == (2, 2)
    assert (found.found.count, found.found.total) == (4, 5)
    assert quality(labelled("??:ab"), "ab").accuracy is None


def test_the_majority_is_what_guessing_would_get():
    found = quality(labelled("aab:bbb", "aca:ccc"), "abc").accuracy
    assert (found.majority, found.majority_share) == ("a", pytest.approx(4 / 6))


def test_confidence_counts_where_there_is_a_label_and_a_gold_label():
    rows = labelled("ab?a:aaa?").assign(confidence=[0.9, 0.8, 0.7, float("nan")])
    found = quality(rows, "ab").accuracy.calibration
    assert found.confidence == pytest.approx(0.85)
    assert [each.right.count for each in found.bins] == [0, 1]
    assert quality(labelled("ab:ab"), "ab").accuracy.calibration is None


@pytest.mark.parametrize(
    ("gained", "lost", "p"),
    [
        (0, 0, 1.0),
        (1, 9, 22 / 1024),  # 2 (1 + 10) / 2^10
        (9, 1, 22 / 1024),
        (0, 6, 2 / 64),  # 2 / 2^6
        (3, 5, 186 / 256),  # 2 (1 + 8 + 28 + 56) / 2^8
        (4, 4, 1.0),
    ],
)
def test_mcnemar_by_hand(gained, lost, p):
    assert mcnemar(gained, lost) == pytest.approx(p)


def test_each_text_counts_once():
    first = labelled("++:++", "--:--")
    others = [
        labelled("++:--", "--:++", repeat=repeat, duplicate=copy) for repeat, copy in ((0, 1), (1, 0), (1, 1))
    ]
    found = quality(pd.concat([first, *others]), CLASSES)
    assert (found.accuracy.right.count, found.accuracy.right.total, found.prompts) == (4, 4, 2)
    assert found.agreeing.count == 0, "repeats said the opposite"
    assert quality(first, CLASSES).agreeing is None, "one repeat agrees with nobody"


def test_repeats_that_both_miss_a_label_agree():
    found = quality(pd.concat([labelled("+-+:+?-"), labelled("+-+:+?+", repeat=1)]), CLASSES)
    assert (found.agreeing.count, found.agreeing.total) == (2, 3)


def test_prompts_with_other_counts_of_labels():
    found = quality(labelled("++:+?", "++:+++", "++:++", "+:+++"), CLASSES)
    assert (found.prompts, found.too_few, found.too_many) == (4, 1, 2)


def test_positions_have_bins_of_texts_enough():
    bins = by_position(labelled(*["+" * 40 + ":" + "+" * 20 + "-" * 20] * 8))
    assert [(each.first, each.last) for each in bins] == [(start, start + 3) for start in range(0, 40, 4)]
    assert [each.right.value for each in bins] == [1.0] * 5 + [0.0] * 5
    assert {each.right.total for each in bins} == {32}
    few = by_position(labelled(*["++++:++--"] * 20))
    assert [(each.first, each.last, each.right.count) for each in few] == [(0, 1, 40), (2, 3, 0)]
    assert len(by_position(labelled(*["+:+"] * 100))) == 1
    assert len(by_position(labelled("+-+-:++++"))) == 1


def test_positions_may_be_held_against_another_run():
    run = labelled(*["????:abab"] * 40)
    other = labelled(*["?:a", "?:b", "?:b", "?:?"] * 40)
    rows = with_gold_of(run, other)
    assert [(each.right.count, each.right.total) for each in by_position(rows)] == [
        (40, 40),
        (40, 40),
        (0, 40),
    ]
    assert by_position(run) == []


def test_a_difference_is_of_texts_with_a_gold_label():
    found = difference(labelled(*["a?:ba"] * 12), labelled(*["a?:aa"] * 12))
    assert (found.texts, found.lost, found.middle) == (12, 12, -1.0)
    assert difference(labelled("??:ab"), labelled("??:ab")) is None


def test_a_difference_is_paired_by_text():
    """The base has the texts in another order and one more."""
    run = labelled(*["++:+-"] * 20)
    base = labelled(*["+:+"] * 41).sample(frac=1, random_state=1)
    found = difference(run, base)
    assert (found.texts, found.prompts, found.gained, found.lost) == (40, 20, 0, 20)
    assert found.middle == -0.5
    assert found.interval == (-0.5, -0.5), "every prompt lost one of two"
    assert found.p == pytest.approx(2 / 2**20)
    assert difference(run, labelled("+:+", first=1000)) is None


def test_hardly_any_differing_prompt_makes_no_interval():
    base = labelled(*["++:++"] * 50)
    assert difference(labelled(*["++:++"] * 45, *["++:+-"] * 5), base).interval is None
    assert difference(labelled(*["++:++"] * 44, *["++:+-"] * 6), base).interval is not None
    even = difference(labelled(*["++:+-"] * 50), labelled(*["++:-+"] * 50))
    assert (even.gained, even.lost, even.differing, even.interval) == (50, 50, 0, None)
    assert mcnemar(0, 5) > 0.05 > mcnemar(0, 6)


def test_few_prompts_make_no_interval():
    base = labelled(*["++++++:++++++"] * 10)
    run = labelled(*["++++++:+++++-"] * 10)
    assert difference(run, base).interval == pytest.approx((-1 / 6, -1 / 6))
    nine = run[run["prompt"] < 9]
    assert difference(nine, base).interval is None


def test_the_interval_of_independent_pairs_is_the_normal_one():
    rng = np.random.default_rng(4)
    run = labelled(*(f"+:{'+' if right else '-'}" for right in rng.random(900) < 0.8))
    base = labelled(*(f"+:{'+' if right else '-'}" for right in rng.random(900) < 0.9))
    found = difference(run, base)
    change = (run["label"] == "positive").astype(int) - (base["label"] == "positive").astype(int)
    half = 1.96 * change.std() / math.sqrt(900)
    assert found.interval == pytest.approx((found.middle - half, found.middle + half), abs=0.003)
    assert difference(run, base) == found, "the resampling is seeded"


def test_an_interval_of_prompts_that_fail_as_a_whole_is_wider():
    base = labelled(*["+" * 10 + ":" + "+" * 10] * 40)
    whole = labelled(*[f"{'+' * 10}:{('-' if number % 4 == 0 else '+') * 10}" for number in range(40)])
    spread = labelled(*["+" * 10 + ":" + "-+++" * 2 + "++"] * 20 + ["+" * 10 + ":" + "-+++" * 2 + "-+"] * 20)
    one, other = difference(whole, base), difference(spread, base)
    assert one.lost == other.lost == 100
    assert np.diff(one.interval) > 5 * np.diff(other.interval)
