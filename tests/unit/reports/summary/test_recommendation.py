"""What a study recommends, word for word, from planted labels."""

import numpy as np
import pandas as pd
from support.analysis_helpers import REAL, frame, make_run

from batchscope.config.verdict import Verdict
from batchscope.reports.summary.recommendation import recommendation

TEXTS = 1_200


def labels(accuracy, n, seed=2, positive=0.5):
    """One pass: gold labels of one kind and another, answers that are right so often."""
    random = np.random.default_rng(1)
    gold = np.where(random.random(TEXTS) < positive, "positive", "negative")
    other = np.where(gold == "positive", "negative", "positive")
    said = np.where(np.random.default_rng(seed).random(TEXTS) < accuracy, gold, other)
    return pd.DataFrame({
        "repeat": 0, "duplicate": 0, "position": np.arange(TEXTS) % n, "prompt": np.arange(TEXTS) // n,
        "text_id": np.arange(TEXTS), "label": said, "gold": gold,
    })  # fmt: skip


def study(tmp_path, packed=(0.5, 0.501, 0.499), separate=(1.0, 1.001, 0.999), coverage=1.0, weights=REAL):
    runs = frame(
        make_run(tmp_path, study="s", layout="separate", n=1, texts=TEXTS, seconds=separate, model=weights),
        make_run(tmp_path, study="s", layout="packed", n=4, texts=TEXTS, seconds=packed, model=weights),
    )
    return runs.assign(reference="s/separate-n1", label_coverage=[1.0, coverage])


def said(runs, separate, packed, **verdict):
    found = {("s", "separate-n1"): separate, ("s", "packed-n4"): packed}
    return recommendation(runs, runs, found, Verdict(**verdict))


def test_as_right_and_faster(tmp_path):
    right = labels(0.9, 1)
    packed = right.assign(prompt=right["prompt"] // 2)  # the same answers, two to a prompt
    assert said(study(tmp_path), right, packed) == [
        "Use packed prompts (n=4): 2,400 texts/s, faster than the reference, and at most 0.6 points less "
        "accurate than separate prompts (n=1)."
    ]


def test_as_right_and_not_surely_faster(tmp_path):
    right = labels(0.9, 1)
    runs = study(tmp_path, packed=(0.9, 0.901, 0.899))
    (sentence,) = said(runs, right, right.assign(prompt=right["prompt"] // 2))
    assert sentence.startswith(
        "Use packed prompts (n=4): 1,333 texts/s, not surely faster than the reference, and"
    )


def test_the_margin_is_the_user_s(tmp_path):
    right = labels(0.9, 1)
    packed = right.assign(prompt=right["prompt"] // 2)
    (sentence,) = said(study(tmp_path), right, packed, margin=0.5)
    assert sentence.startswith(
        "Use separate prompts (n=1), the reference: nothing faster is as right within 0.5"
    )


def test_random_weights_recommend_nothing(tmp_path):
    runs = study(tmp_path, weights=None)
    assert said(runs, labels(0.9, 1), labels(0.9, 4)) == []


def test_guessing_fast(tmp_path):
    (sentence,) = said(study(tmp_path), labels(0.76, 1), labels(0.53, 4, seed=3))
    assert sentence.startswith(
        "Use separate prompts (n=1), the reference: nothing faster is as right within 1 point "
        "(packed prompts (n=4): up to "
    )
    assert sentence.endswith(" points less accurate).")


def test_a_coverage_of_2_percent(tmp_path):
    assert said(study(tmp_path, coverage=0.02), labels(0.9, 1), labels(0.9, 4)) == [
        "Use separate prompts (n=1), the reference: nothing faster is as right within 1 point "
        "(packed prompts (n=4): only 2.0 % of texts have a label)."
    ]


def test_a_reference_that_guesses(tmp_path):
    assert said(study(tmp_path), labels(0.5, 1), labels(0.5, 4)) == [
        "No setting to recommend: always answering 'negative' would be right for 50.1 % of texts, and the "
        "reference run, separate prompts (n=1), is not seen to do better."
    ]


def test_texts_of_one_class(tmp_path):
    """Always the same label: what is held against the reference run is agreement, and no accuracy is named."""
    one = labels(0.999, 1, positive=1.0)
    (sentence,) = said(study(tmp_path), one, labels(0.5, 4, seed=3, positive=1.0))
    assert sentence.startswith(
        "Use separate prompts (n=1), the reference: nothing faster is as right within 1 point "
    )
    assert sentence.endswith(" points of texts labelled otherwise).")
    assert "accura" not in sentence


def test_passes_in_two_states(tmp_path):
    right = labels(0.9, 1)
    runs = study(tmp_path, packed=(0.5, 0.501, 0.8))
    assert said(runs, right, right.assign(prompt=right["prompt"] // 2)) == [
        "Use separate prompts (n=1), the reference: nothing faster is as right within 1 point "
        "(packed prompts (n=4): its passes stand in two states)."
    ]


def test_an_arm_measured_before_a_clock_change(tmp_path):
    """Twice as fast, and at twice the clock: nothing is recommended for it."""
    right = labels(0.9, 1)
    runs = study(tmp_path).assign(at_fixed_clocks=[1.0, 0.0])
    assert said(runs, right, right.assign(prompt=right["prompt"] // 2)) == [
        "Use separate prompts (n=1), the reference: nothing faster is as right within 1 point."
    ]
