"""What the labels say, in sentences that never claim more than was seen.

With gold labels they are about accuracy: only where it tells something (texts have more than one label) and
answers can be read (nearly every text has a label). Without, they are about the reference run.
"""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from batchscope.reporting.numbers import counted
from batchscope.reporting.wording import run_in_words, varying
from batchscope.reports.labels.packing_limit import packing_sentences
from batchscope.reports.labels.verdicts import CHANCE, accuracy_tells, base_row, verdict_on_labels
from batchscope.results.metrics.label_quality import random_weights
from batchscope.statistics.accuracy import ENOUGH_TEXTS
from batchscope.statistics.resampling import ENOUGH_PROMPTS

NOTHING = "No answer: all models have random weights, and their labels say nothing."
NO_COMPARISON = f"No comparison: no study has separate prompts and {ENOUGH_PROMPTS} packed ones to compare."

MOST_NAMED = 6
"""Runs that a sentence names one by one."""


def nothing_judged(runs: pd.DataFrame) -> str:
    """Why there is no answer, where no run was judged."""
    if len(runs) and all(map(random_weights, runs["load_format"])):
        return NOTHING
    return "No answer: no run has labels that could be judged."


def findings(runs: pd.DataFrame, shown: pd.DataFrame, coverage: float) -> list[str]:
    """The sentences of all studies: what accuracy cannot tell, then differences, those that are seen first.

    Args:
        runs: the runs frame.
        shown: the judged runs, with their figures.
        coverage: share of texts that must have a label for anything to be said of accuracy.
    """
    if shown.empty:
        return [nothing_judged(runs)]
    unread, compared = _compared(shown, coverage)
    seen, others = (
        [run for run in compared if (verdict_on_labels(run) == "seen") is yes] for yes in (True, False)
    )
    said = [
        *one_class_sentences(shown),
        *packing_sentences(shown, runs, coverage),
        *(_study_sentence(run, runs) for run in seen),
        *(_coverage_sentence(run, shown, runs, coverage) for run in unread),
        *(_study_sentence(run, runs) for run in others),
        *(_agreement_sentence(run, runs) for run in _held_against_reference(shown)),
    ]
    return [*(said or [NO_COMPARISON]), *guessing_sentences(shown, runs, coverage)]


def _compared(shown: pd.DataFrame, coverage: float) -> "tuple[list[pd.Series[Any]], list[pd.Series[Any]]]":
    """Runs with a base run and prompts enough: those with labels too few to say more, and the others."""
    order = [
        run
        for _, run in shown[shown["difference"].notna()].iterrows()
        if accuracy_tells(run) and verdict_on_labels(run) != "too few"
    ]
    unread = [
        run for run in order if min(run["label_coverage"], base_row(run, shown)["label_coverage"]) < coverage
    ]
    keys = {(run["study"], run["run"]) for run in unread}
    return unread, [run for run in order if (run["study"], run["run"]) not in keys]


def one_class_sentences(shown: pd.DataFrame) -> list[str]:
    """Of each study whose texts have one gold label, or nearly: that accuracy tells nothing there."""
    lines: dict[str, list[str]] = {}
    for study, rows in shown[shown["with_gold"] > 0].groupby("study", sort=False):
        _, largest = max(rows.iterrows(), key=lambda pair: int(pair[1]["with_gold"]))
        if not accuracy_tells(largest):
            lines.setdefault(_one_class(largest), []).append(str(study))
    return [f"{', '.join(studies)}: {line}" for line, studies in lines.items()]


def _one_class(run: "pd.Series[Any]") -> str:
    share, texts = run["majority_share"], f"{int(run['with_gold']):,} texts"
    held = f"all {texts} used have" if share == 1 else f"{100 * share:.1f} % of the {texts} used have"
    return (
        f"{held} the gold label '{run['majority']}', so accuracy tells nothing: "
        "always answering it would be as good. Draw texts at random "
        "(dataset.select: random), or use others."
    )


def guessing_sentences(shown: pd.DataFrame, runs: pd.DataFrame, coverage: float) -> list[str]:
    """Which runs are not seen to be right more often than always giving the most frequent label.

    Where few texts have a label, nothing is said of how right they are.
    """
    lines: dict[str, list[str]] = {}
    enough = (shown["with_gold"] >= ENOUGH_TEXTS) & (shown["prompts"] >= ENOUGH_PROMPTS)
    enough &= shown["label_coverage"] >= coverage
    for _, run in shown[shown["valid"].astype(bool) & enough].iterrows():
        if accuracy_tells(run) and run["accuracy_low"] <= run["majority_share"]:
            guess = f"'{run['majority']}' ({100 * run['majority_share']:.1f} %)"
            lines.setdefault(guess, []).append(named(run, runs))
    return [
        f"Not seen to be right more often than always answering {guess}: {enumerated(names)}."
        for guess, names in lines.items()
    ]


def _study_sentence(run: "pd.Series[Any]", runs: pd.DataFrame) -> str:
    study = runs[runs["study"] == run["study"]]
    return f"{run['study']}: {difference_sentence(run, base_row(run, runs), varying(study))}"


def _coverage_sentence(
    run: "pd.Series[Any]", shown: pd.DataFrame, runs: pd.DataFrame, coverage: float
) -> str:
    """How many texts have a label, where these are too few to speak of accuracy."""
    study = runs[runs["study"] == run["study"]]
    base = base_row(run, shown)
    first, second = (run_in_words(each, varying(study)) for each in (run, base))
    mine, its = (f"{100 * each['label_coverage']:.1f} %" for each in (run, base))
    return (
        f"{run['study']}: {first} give a label to {mine} of texts, {second} to {its}; "
        f"accuracy is not compared below {100 * coverage:g} %."
    )


def difference_sentence(run: "pd.Series[Any]", base: "pd.Series[Any]", settings: Sequence[str]) -> str:
    """What a run's labels lose or gain against its base run's, never more than was seen.

    There must be prompts enough.
    """
    first, second = run_in_words(run, settings), run_in_words(base, settings)
    texts, middle = f"{int(run['paired_texts']):,} texts", 100 * run["difference"]
    low, high = 100 * run["difference_low"], 100 * run["difference_high"]
    test = f"McNemar {show_p_value(run['mcnemar_p'])}; {texts}"
    found = verdict_on_labels(run)
    if found == "not seen" and pd.isna(low):
        return f"no difference in accuracy seen between {first} and {second}: {_hardly_any(run)}."
    if found == "not seen":
        apart = low > 0 or high < 0
        why = f", not conclusive, as McNemar's p is not below {CHANCE:g}" if apart else ""
        return (
            f"no difference in accuracy seen between {first} and {second} "
            f"({middle:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}{why}; {test})."
        )
    more, ends = ("more", (low, high)) if middle > 0 else ("fewer", (-high, -low))
    return (
        f"{first} are right on {abs(middle):.1f} points {more} texts than {second} "
        f"(95 % interval {ends[0]:.1f} to {ends[1]:.1f}; {test})."
    )


def _hardly_any(run: "pd.Series[Any]") -> str:
    """How many texts differ, where they are too few for an interval."""
    alone = int(run["gained"] + run["lost"])
    texts, verb = int(run["paired_texts"]), "is" if alone < 2 else "are"
    differing, prompts = int(run["differing_prompts"]), int(run["paired_prompts"])
    where = f", in {differing} of {prompts:,} prompts" if alone and run["layout"] == "packed" else ""
    return f"{alone or 'none'} of {texts:,} texts {verb} right in one of them alone{where}"


def _held_against_reference(shown: pd.DataFrame) -> "list[pd.Series[Any]]":
    """Runs of which accuracy tells nothing, with prompts enough, those that agree least first."""
    rows = shown[shown["valid"].astype(bool) & (shown["agreement_prompts"] >= ENOUGH_PROMPTS)]
    return [
        run for _, run in rows.sort_values("agreement", kind="stable").iterrows() if not accuracy_tells(run)
    ]


def _agreement_sentence(run: "pd.Series[Any]", runs: pd.DataFrame) -> str:
    """How often a run gives the label of its reference run."""
    study = runs[runs["study"] == run["study"]]
    low, high = 100 * run["agreement_low"], 100 * run["agreement_high"]
    beyond = "" if pd.isna(run["kappa"]) else f"; kappa {run['kappa']:.2f}{_kappa_interval(run)}"
    return (
        f"{run['study']}: {run_in_words(run, varying(study))} give {100 * run['agreement']:.1f} % of texts "
        f"the answer of the reference run, {reference_in_words(run, runs)} (95 % interval {low:.1f} to "
        f"{high:.1f}{beyond}; {int(run['agreement_texts']):,} texts)."
    )


def _kappa_interval(run: "pd.Series[Any]") -> str:
    return "" if pd.isna(run["kappa_low"]) else f", {run['kappa_low']:.2f} to {run['kappa_high']:.2f}"


def reference_in_words(run: "pd.Series[Any]", runs: pd.DataFrame) -> str:
    """A run's reference run, with its study where that is another."""
    study, _, name = run["reference"].partition("/")
    rows = runs[runs["study"] == study]
    words = run_in_words(rows[rows["run"] == name].iloc[0], varying(rows))
    return words if study == run["study"] else f"{words} of '{study}'"


def show_p_value(p: float) -> str:
    """A p value as people write it."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def named(run: "pd.Series[Any]", runs: pd.DataFrame) -> str:
    """Study and run in words."""
    return f"{run['study']}, {run_in_words(run, varying(runs[runs['study'] == run['study']]))}"


def enumerated(names: Sequence[str]) -> str:
    """Names one by one, and how many more there are."""
    more = len(names) - MOST_NAMED
    shown = [*names[:MOST_NAMED], counted(more, "more run")] if more > 1 else names
    return "; ".join(shown)
