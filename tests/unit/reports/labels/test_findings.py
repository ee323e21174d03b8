"""Sentences on labels where accuracy tells nothing: one label, answers that cannot be read, no gold labels."""

import pandas as pd
import pytest
from support.label_studies import PACKING, THREE, TWO, prompts_of, study, without_gold

from batchscope.reports.labels.findings import NO_COMPARISON, difference_sentence
from batchscope.reports.labels.frame import judge
from batchscope.reports.labels.page import labels_page


def page_of(folder, runs, names=TWO, coverage=0.99, **values):
    found, labels = study(folder, runs, **values)
    return labels_page(found, judge(found, labels, names), coverage=coverage)


def one_label(n, wrong=(), others=0):
    """400 texts of which all but the first few are negative; those of these numbers are answered otherwise."""
    gold = ["+" if number < others else "-" for number in range(400)]
    said = ["+" if number in wrong else sign for number, sign in enumerate(gold)]
    return ["".join(gold[at : at + n]) + ":" + "".join(said[at : at + n]) for at in range(0, 400, n)]


@pytest.mark.parametrize(
    ("others", "said"), [(0, "all 400 texts used have"), (20, "95.0 % of the 400 texts used have")]
)
def test_texts_of_one_label_make_no_claim_of_accuracy(tmp_path, others, said):
    wrong = range(30, 400, 5)
    page = page_of(
        tmp_path, [("packed", 10, one_label(10, wrong, others)), ("separate", 1, one_label(1, (), others))]
    )
    first, *others = page.findings
    assert first.startswith(f"s: {said} the gold label 'negative', so accuracy tells nothing")
    assert len(others) == 1
    assert "packed prompts (n=10) give 81.5 % of texts the answer of the reference run" in others[0]
    assert not any("right" in line or "fewer" in line for line in page.findings)


def test_a_sixteenth_of_other_texts_is_enough_for_accuracy(tmp_path):
    page = page_of(tmp_path, [
        ("packed", 10, one_label(10, range(30, 400, 5), 25)), ("separate", 1, one_label(1, (), 25))
    ])  # fmt: skip
    assert page.findings[0] == "s: packing costs accuracy at n=10."
    assert "are right on 18.5 points fewer texts" in page.findings[1]
    assert page.findings[2].startswith(
        "Not seen to be right more often than always answering 'negative' (93.8 %): s, packed"
    )
    assert len(page.findings) == 3


def test_answers_that_cannot_be_read_are_said_to_be_so(tmp_path):
    """As of an instruct model with a prompt that it does not follow."""
    none = prompts_of(1, missing=range(400))
    page = page_of(tmp_path, [("packed", 10, prompts_of(10, missing=range(5, 400))), ("separate", 1, none)])
    assert page.findings == [
        "s: packed prompts (n=10) give a label to 1.2 % of texts, separate prompts (n=1) to 0.0 %; "
        "accuracy is not compared below 99 %."
    ], "nor is it said that they guess"


@pytest.mark.parametrize(("coverage", "said"), [(0.99, "below 99 %"), (0.985, "below 98.5 %"), (0.97, None)])
def test_how_many_labels_are_enough_is_the_user_s(tmp_path, coverage, said):
    """Packed prompts label 97.5 % of texts, and 40 of these wrongly."""
    runs = [
        ("packed", 10, prompts_of(10, range(0, 400, 10), missing=range(5, 400, 40))),
        ("separate", 1, prompts_of(1)),
    ]
    lines = page_of(tmp_path, runs, coverage=coverage).findings
    assert any(f"accuracy is not compared {said}" in line for line in lines) == bool(said)
    assert any("points fewer texts" in line for line in lines) == (said is None)
    assert (lines[0] == "s: packing costs labels at n=10.") == bool(said)


def test_without_gold_labels_runs_are_held_against_the_reference_run(tmp_path):
    page = page_of(tmp_path, without_gold(PACKING))
    first, *others = page.findings
    assert first == "s: packing costs labels at n=20."
    assert others[0].startswith(
        "s: packed prompts (n=10) give 89.5 % of texts the answer of the reference run, separate prompts (n=1) "
        "(95 % interval 86.0 to 92.2; kappa 0.79, 0.77 to 0.80; 400 texts)."
    )
    shares = [line.partition("give ")[2].partition(" %")[0] for line in others]
    assert shares == ["89.5", "97.5", "98.8", "99.8", "100.0", "100.0"], "those that agree least first"
    assert not any("accura" in line or "McNemar" in line for line in page.findings)
    assert not {"accuracy (%)", "difference (points)", "macro-F1 (%)"} & {
        name for _, name in page.table.columns
    }
    assert "Too few prompts to compare (10 needed): s, packed prompts (n=80)." in page.notes
    assert not any("Difference" in note for note in page.notes)


def test_a_part_of_the_gold_labels_is_enough(tmp_path):
    half = [(layout, n, [f"{'?' * p.index(':')}{p[p.index(':') :]}" if number % 2 else p for number, p in enumerate(prompts)])
            for layout, n, prompts in (PACKING[0], PACKING[-1])]  # fmt: skip
    # of separate prompts every other text: all of them positive
    half[1] = (
        "separate",
        1,
        [p if number // 10 % 2 == 0 else f"?:{p[-1]}" for number, p in enumerate(PACKING[-1][2])],
    )
    page = page_of(tmp_path, half)
    assert "are right on 10.0 points fewer texts" in page.findings[1]
    assert "200 texts)" in page.findings[1]
    assert "Accuracy is of the texts that have a gold label, in packed-n10 200 of 400." in page.notes


def test_many_labels_are_compared_alike(tmp_path):
    page = page_of(
        tmp_path,
        [
            ("packed", 8, prompts_of(8, range(0, 400, 4), labels="abc")),
            ("separate", 1, prompts_of(1, labels="abc")),
        ],
        THREE,
    )
    assert page.findings[1].startswith(
        "s: packed prompts (n=8) are right on 25.0 points fewer texts than separate"
    )


def test_a_run_alone_is_compared_with_nothing(tmp_path):
    assert page_of(tmp_path, [PACKING[0]]).findings == [NO_COMPARISON]
    assert page_of(tmp_path / "none", without_gold([PACKING[0]])).findings == [NO_COMPARISON]


@pytest.mark.parametrize(
    ("low", "p", "said"),
    [
        (0.001, 0.07, "+0.1 to +2.0, not conclusive, as McNemar's p is not below 0.05; McNemar p = 0.070"),
        (-0.001, 0.07, "-0.1 to +2.0; McNemar p = 0.070"),
        (0.001, 0.01, "are right on 1.0 points more texts than"),
    ],
)
def test_an_interval_without_0_that_is_no_claim_says_why(low, p, said):
    run = pd.Series({
        "layout": "packed", "n": 4, "paired_texts": 2000, "paired_prompts": 500, "difference": 0.01,
        "difference_low": low, "difference_high": 0.02, "mcnemar_p": p,
    })  # fmt: skip
    base = pd.Series({"layout": "separate", "n": 1})
    assert said in difference_sentence(run, base, ["layout", "n"])
