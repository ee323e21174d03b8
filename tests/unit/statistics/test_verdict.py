"""Whether a setting counts: speed does only where labels are kept."""

import numpy as np
import pandas as pd
import pytest

from batchscope.statistics.verdict import Candidate, Loss, fault, gold_tells, guesses, loss_against

RULES = {"margin": 0.01, "coverage": 0.99}
TEXTS = 1_200


def rows(labels, gold=None, texts_per_prompt=1):
    """Rows of labels of one pass; without gold labels where none are given."""
    count = len(labels)
    return pd.DataFrame({
        "repeat": 0,
        "duplicate": 0,
        "prompt": np.arange(count) // texts_per_prompt,
        "text_id": np.arange(count),
        "label": pd.Series(labels, dtype=object),
        "gold": pd.Series([None] * count if gold is None else gold, dtype=object),
    })  # fmt: skip


def texts(positive=0.5, seed=1):
    return np.where(np.random.default_rng(seed).random(TEXTS) < positive, "positive", "negative")


def answered(gold, accuracy, seed=2, missing=0.0):
    """Answers that are right so often, each text by itself."""
    random = np.random.default_rng(seed)
    other = np.where(gold == "positive", "negative", "positive")
    found = np.where(random.random(len(gold)) < accuracy, gold, other).astype(object)
    found[random.random(len(gold)) < missing] = None
    return found


def why_not(labels, reference):
    """Why a setting does not count; None for one that does."""
    coverage = float(labels["label"].notna().mean())
    return fault(Candidate(coverage, loss_against(labels, reference)), **RULES)


def test_guessing_fast_is_worth_nothing():
    """As measured: 1,976 texts/s at 53.1 % of coin tosses, and 1,357 at 76.1 %."""
    gold = texts()
    reference = rows(answered(gold, 0.76), gold)
    guesses = rows(answered(gold, 0.53, seed=3), gold, texts_per_prompt=4)
    assert why_not(guesses, reference).endswith(" points less accurate")
    assert why_not(reference, reference) is None


def test_as_right_and_righter_both_count():
    gold = texts()
    right = answered(gold, 0.9)
    better = right.copy()
    better[right != gold] = np.where(
        np.arange((right != gold).sum()) % 3 == 0, gold[right != gold], right[right != gold]
    )
    assert why_not(rows(right, gold, 2), rows(right, gold)) is None
    assert why_not(rows(better, gold, 4), rows(right, gold)) is None


def test_a_coverage_of_2_percent_is_no_answer():
    gold = texts()
    reference = rows(answered(gold, 0.9), gold)
    silent = rows(answered(gold, 0.9, missing=0.98), gold, 4)
    assert "% of texts have a label" in why_not(silent, reference)


@pytest.mark.parametrize("gold", [["positive"] * TEXTS, None])
def test_where_gold_labels_tell_nothing_it_is_the_agreement_with_the_reference_run(gold):
    """With one class always answering it would be perfect; the reference run's answers are not all one."""
    its = texts(0.5)
    reference = rows(its, gold)
    assert not gold_tells(reference)
    one_class = rows(np.array(["positive"] * TEXTS, dtype=object), gold, 4)
    same = rows(its, gold, 2)
    assert why_not(same, reference) is None
    assert why_not(one_class, reference).endswith(" points of texts labelled otherwise")
    assert not loss_against(one_class, reference).by_gold


def test_whole_prompts_are_drawn():
    """The same texts lost, but in whole prompts: less is known of what others would lose."""
    gold = texts()
    reference = rows(gold.astype(object), gold)
    lost = np.where(np.arange(TEXTS) % 100 < 20, np.where(gold == "positive", "negative", "positive"), gold)
    alone, together = (loss_against(rows(lost, gold, size), reference) for size in (1, 20))
    assert alone.middle == together.middle == pytest.approx(0.2)
    assert together.most > alone.most + 0.03


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({}, None),
        ({"coverage": 0.989}, "only 98.9 % of texts have a label"),
        ({"loss": Loss(0.0, 0.012, True)}, "up to 1.2 points less accurate"),
        ({"loss": Loss(0.0, 0.012, False)}, "up to 1.2 points of texts labelled otherwise"),
        ({"loss": Loss(0.0, None, True)}, "fewer than 10 prompts cannot tell how right it is"),
    ],
)
def test_why_a_setting_does_not_count(values, said):
    kept = {"coverage": 1.0, "loss": Loss(0.0, 0.01, True)}
    assert fault(Candidate(**kept | values), **RULES) == said


def test_few_prompts_cannot_tell():
    gold = texts()[:80]
    assert loss_against(rows(gold, gold, 10), rows(gold, gold)).most is None


def test_equal_answers_leave_as_much_open_as_their_number_says():
    gold = texts()[:100]
    assert loss_against(rows(gold, gold), rows(gold, gold)).most == pytest.approx(
        0.037, abs=0.001
    )  # Wilson's


@pytest.mark.parametrize(("accuracy", "found"), [(0.5, True), (0.9, False)])
def test_a_reference_that_guesses_is_named(accuracy, found):
    gold = texts(0.5)
    guess = guesses(rows(answered(gold, accuracy), gold))
    assert bool(guess) is found
    assert guess is None or guess[1] == pytest.approx(0.5, abs=0.05)
