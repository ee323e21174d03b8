"""At which n packing costs something."""

import pandas as pd
import pytest
from support.label_studies import PACKING, TWO, prompts_of, study, without_gold

from batchscope.reports.labels.frame import judge
from batchscope.reports.labels.packing_limit import loss, packing_sentences
from batchscope.reports.labels.page import with_quality


def sentences(runs, labels):
    return packing_sentences(with_quality(runs, judge(runs, labels, TWO).runs), runs, 0.99)


def test_what_costs_nothing_is_not_spoken_of(tmp_path):
    assert sentences(*study(tmp_path, [PACKING[5], PACKING[-1]])) == []


def test_without_gold_labels_missing_ones_count(tmp_path):
    found = sentences(*study(tmp_path, without_gold([PACKING[0], PACKING[6], PACKING[-1]])))
    assert found == ["s: packing costs labels at n=20."]


def test_runs_with_other_settings_have_sentences_of_their_own(tmp_path):
    """Free answers lose at n=10; restricted ones do not."""
    worse = [PACKING[0], PACKING[-1]]
    free, free_labels = study(tmp_path / "free", worse)
    better, better_labels = study(tmp_path / "labels", [("packed", 10, prompts_of(10)), PACKING[-1]])
    better = better.assign(run=better["run"] + "-labels", answer="labels")
    labels = free_labels | {(study, f"{run}-labels"): rows for (study, run), rows in better_labels.items()}
    found = sentences(pd.concat([free, better.assign(reference=None)], ignore_index=True), labels)
    assert found == ["s (answer=free): packing costs accuracy at n=10."]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "accuracy"),
        ({"difference": 0.1, "difference_low": 0.05, "difference_high": 0.2}, "nothing"),
        ({"difference_high": 0.1}, "nothing"),
        ({"label_coverage": 0.98}, "labels"),
        ({"labels": 20}, "unknown"),
        ({"paired_prompts": 9}, "unknown"),
        ({"majority_share": 0.96}, "unknown"),
    ],
)
def test_what_a_run_loses(values, expected):
    run = {
        "labels": 400, "label_coverage": 1.0, "with_gold": 400, "majority_share": 0.5, "paired_prompts": 40,
        "difference": -0.1, "difference_low": -0.2, "difference_high": -0.05, "mcnemar_p": 0.01,
    }  # fmt: skip
    assert loss(pd.Series(run | values), pd.Series(run), 0.99) == expected
    assert loss(pd.Series(run | values), pd.Series(run | {"label_coverage": 0.5}), 0.99) == "unknown"
