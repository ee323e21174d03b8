"""What a study recommends: the fastest setting that is as right as the reference run, or why none."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from batchscope.config.verdict import Verdict
from batchscope.reporting.wording import run_in_words, varying
from batchscope.reports.study.findings import Compared, compare
from batchscope.results.comparison import SPEED, clocks_apart, comparable
from batchscope.results.frames import cell_value
from batchscope.results.label_rows import Labels
from batchscope.results.metrics.label_quality import random_weights
from batchscope.statistics.replicates import CHANCE
from batchscope.statistics.verdict import Candidate, Choice, Loss, choose, gold_tells, guesses, loss_against

MOST_NAMED = 3
"""Faster settings of which a sentence says why they do not count."""


def recommendation(
    study: pd.DataFrame, runs: pd.DataFrame, labels: Labels, verdict: Verdict, *, across: bool = False
) -> list[str]:
    """One sentence on a study; none where its labels mean nothing, or no run can be the reference.

    Args:
        study: its rows of the runs frame.
        runs: the whole runs frame, for the reference run may be another study's.
        labels: rows of labels by study and run.
        verdict: what a setting must keep.
        across: compare runs from different environments too.
    """
    judged = [
        run
        for _, run in study[study["valid"]].iterrows()
        if (run["study"], run["run"]) in labels and not random_weights(run["load_format"])
    ]
    reference = _reference(judged, runs, labels)
    if reference is None:
        return []
    settings = varying(study)
    its = labels[reference["study"], reference["run"]]
    if gold_tells(its) and (guess := guesses(its)):
        return [
            f"No setting to recommend: always answering '{guess[0]}' would be right for "
            f"{100 * guess[1]:.1f} % of texts, and the reference run, "
            f"{_named(reference, study, settings)}, is not seen to do better."
        ]
    rows = {_named(run, study, settings): run for run in [*judged, reference]}
    candidates = [
        Candidate(name, float(run[SPEED]), float(run["label_coverage"]), loss, not run["unsteady"])
        for name, run in rows.items()
        if comparable(run, reference, across=across)
        and not clocks_apart(run, reference)
        and (loss := _loss(run, reference, labels)) is not None
    ]
    found = choose(candidates, margin=verdict.margin / 100, coverage=verdict.coverage / 100)
    return [_sentence(found, rows, _named(reference, study, settings), verdict)]


def _reference(
    judged: "Sequence[pd.Series[Any]]", runs: pd.DataFrame, labels: Labels
) -> "pd.Series[Any] | None":
    """The reference run of the study's runs: the one that most of them have."""
    names = pd.Series([cell_value(run["reference"]) for run in judged], dtype=object).dropna()
    if names.empty:
        return None
    study, _, run = str(names.mode().iloc[0]).partition("/")
    found = runs[(runs["study"] == study) & (runs["run"] == run)]
    return found.iloc[0] if len(found) and (study, run) in labels else None


def _loss(run: "pd.Series[Any]", reference: "pd.Series[Any]", labels: Labels) -> Loss | None:
    its = labels[reference["study"], reference["run"]]
    if (run["study"], run["run"]) == (reference["study"], reference["run"]):
        return Loss(0, 0, gold_tells(its))
    return loss_against(labels[run["study"], run["run"]], its)


def _named(run: "pd.Series[Any]", study: pd.DataFrame, settings: Sequence[str]) -> str:
    words = run_in_words(run, settings)
    return words if (study["study"] == run["study"]).all() else f"{words} of {run['study']}"


def _sentence(found: Choice, rows: "dict[str, pd.Series[Any]]", reference: str, verdict: Verdict) -> str:
    but = _refusals(found)
    if found.best is None:
        return f"No setting to recommend: none keeps its labels{but}."
    best = found.best
    if best.name == reference:
        within = f"within {verdict.margin:g} point{'' if verdict.margin == 1 else 's'}"
        return f"Use {reference}, the reference: nothing faster is as right {within}{but}."
    kept = "less accurate than" if best.loss.by_gold else "of texts labelled otherwise than by"
    most = max(0.0, 100 * (best.loss.most or 0))
    return (
        f"Use {best.name}: {best.speed:,.0f} texts/s, {_faster(rows[best.name], rows[reference])}, "
        f"and at most {most:.1f} points {kept} {reference}{but}."
    )


def _faster(run: "pd.Series[Any]", reference: "pd.Series[Any]") -> str:
    """Whether it is surely faster than the reference run."""
    found = compare(run, reference)
    if isinstance(found, Compared) and found.fast["run"] == run["run"] and found.again.estimate.p < CHANCE:
        return "faster than the reference"
    return "not surely faster than the reference"


def _refusals(found: Choice) -> str:
    """Why faster settings do not count."""
    named = [f"{name}: {why}" for name, why in list(found.refused.items())[:MOST_NAMED]]
    more = len(found.refused) - len(named)
    named += [f"and {more} more"] if more else []
    return f" ({'; '.join(named)})" if named else ""
