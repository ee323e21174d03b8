"""The labels of all studies on one page: what is decided here, `batchscope.reporting.render` writes.

Made from the frames of `batchscope.reports.labels.frame`; the notes name each run that they leave out.
"""

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd

from batchscope.inputs.labels import CLASSES
from batchscope.reporting.page import MEASURED, Cell, Page, Row, Struck, Table
from batchscope.reporting.provenance import environments, models
from batchscope.reporting.wording import fault, run_in_words, show_setting, varying
from batchscope.reports.labels.frame import ANSWERS, QUALITY_COLUMNS
from batchscope.results.metrics.label_quality import random_weights
from batchscope.statistics.accuracy import ENOUGH_PROMPTS

TITLE = "labels"
QUESTION = "Are the labels right, and does it matter how the reviews are put into prompts?"
CHANCE = 0.05
"""A difference is claimed where McNemar's test gives less, and the interval leaves 0 out."""

NOTHING = "No answer: all models have random weights, and their labels say nothing."


def labels_page(runs: pd.DataFrame, found: pd.DataFrame, *, across: bool = False) -> Page:
    """The page.

    Args:
        runs: the runs frame.
        found: its `quality_frame`.
        across: whether runs from different environments are compared.
    """
    shown = with_quality(runs, found)
    return Page(
        title=TITLE,
        question=QUESTION,
        findings=_findings(runs, shown),
        context=[*environments(shown, across=across), *models(shown)] if len(shown) else models(runs),
        table=labels_table(runs, shown),
        notes=_notes(runs, shown),
    )


def with_quality(runs: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The judged runs' rows of the runs frame; of a figure that both have, each review counted once."""
    figures = found[["study", "run", *QUALITY_COLUMNS]]
    clash = [name for name in QUALITY_COLUMNS if name in runs]
    return runs.drop(columns=clash).merge(figures, on=["study", "run"], validate="one_to_one")


def nothing_judged(runs: pd.DataFrame) -> str:
    """Why there is no answer, where no run was judged."""
    if len(runs) and all(map(random_weights, runs["load_format"])):
        return NOTHING
    return "No answer: no run has labels that could be judged."


def _findings(runs: pd.DataFrame, shown: pd.DataFrame) -> list[str]:
    """The sentences of all studies, those that claim something first."""
    if shown.empty:
        return [nothing_judged(runs)]
    order = [
        run for _, run in shown[shown["difference"].notna()].iterrows() if verdict_on_labels(run) != "too few"
    ]
    order.sort(key=lambda run: verdict_on_labels(run) != "seen")
    return [_study_sentence(run, runs) for run in order] or [
        f"No comparison: no study has separate prompts and {ENOUGH_PROMPTS} packed ones to compare."
    ]


def _study_sentence(run: "pd.Series[Any]", runs: pd.DataFrame) -> str:
    study = runs[runs["study"] == run["study"]]
    (base,) = (other for _, other in study.iterrows() if other["run"] == run["base"])
    return f"{run['study']}: {difference_sentence(run, base, varying(study))}"


def verdict_on_labels(run: "pd.Series[Any]") -> Literal["seen", "not seen", "too few"]:
    """Whether a run's labels differ from its base run's: its interval leaves 0 out, and McNemar agrees."""
    if run["paired_prompts"] < ENOUGH_PROMPTS:
        return "too few"
    apart = run["difference_low"] > 0 or run["difference_high"] < 0  # neither where there is no interval
    return "seen" if apart and run["mcnemar_p"] < CHANCE else "not seen"


def difference_sentence(run: "pd.Series[Any]", base: "pd.Series[Any]", settings: Sequence[str]) -> str:
    """What a run's labels lose or gain against its base run's, never more than was seen.

    There must be prompts enough.
    """
    first, second = run_in_words(run, settings), run_in_words(base, settings)
    reviews, middle = f"{int(run['paired_reviews']):,} reviews", 100 * run["difference"]
    low, high = 100 * run["difference_low"], 100 * run["difference_high"]
    test = f"McNemar {show_p_value(run['mcnemar_p'])}; {reviews}"
    found = verdict_on_labels(run)
    if found == "not seen" and pd.isna(low):
        return f"no difference seen between {first} and {second}: {_hardly_any(run)}."
    if found == "not seen":
        return (
            f"no difference seen between {first} and {second} "
            f"({middle:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}; {test})."
        )
    more, ends = ("more", (low, high)) if middle > 0 else ("fewer", (-high, -low))
    return (
        f"{first} are right on {abs(middle):.1f} points {more} reviews than {second} "
        f"(95 % interval {ends[0]:.1f} to {ends[1]:.1f}; {test})."
    )


def _hardly_any(run: "pd.Series[Any]") -> str:
    """How many reviews differ, where they are too few for an interval."""
    alone = int(run["gained"] + run["lost"])
    reviews, verb = int(run["paired_reviews"]), "is" if alone < 2 else "are"
    differing, prompts = int(run["differing_prompts"]), int(run["paired_prompts"])
    where = f", in {differing} of {prompts:,} prompts" if alone and run["layout"] == "packed" else ""
    return f"{alone or 'none'} of {reviews:,} reviews {verb} right in one of them alone{where}"


def show_p_value(p: float) -> str:
    """A p value as people write it."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.0995 else f"p = {p:.2f}"


def _bare(text: str) -> str:
    """A p value under its heading: ``0.004``, ``< 0.001``."""
    return text.removeprefix("p ").removeprefix("= ")


def labels_table(runs: pd.DataFrame, shown: pd.DataFrame) -> Table:
    """One row a judged run: settings, figures, and the confusion of gold labels and answers."""
    settings = [name for name in _settings(runs) if len(shown) and shown[name].nunique(dropna=False) > 1]
    return Table.of_rows([_row(run, settings) for _, run in shown.iterrows()])


def _settings(runs: pd.DataFrame) -> list[str]:
    """Settings that tell runs of any one study apart, beside layout and n."""
    names = [name for _, rows in runs.groupby("study", sort=False) for name in varying(rows)]
    return [name for name in dict.fromkeys([*names, "reviews"]) if name not in ("layout", "n")]


def _row(run: "pd.Series[Any]", settings: Sequence[str]) -> Row:
    def mark(cell: Cell) -> Cell:
        return cell if run["valid"] else Struck(cell)

    row: Row = {("", name): show_setting(run[name]) for name in ("study", "layout", "n")}
    row |= {("", name.removeprefix("engine.")): show_setting(run[name]) for name in settings}
    row["", "status"] = fault(run)
    figures = {
        "accuracy (%)": _percent(run, "accuracy"),
        "coverage (%)": f"{100 * run['label_coverage']:.1f}",
        "labels": f"{run['labels']:,}",
        "prompts": f"{run['prompts']:,}",
        "too few labels": f"{run['too_few']:,}",
        "too many labels": f"{run['too_many']:,}",
        "repeats agree (%)": "" if pd.isna(run["agreeing"]) else f"{100 * run['agreeing']:.1f}",
        "difference (points)": _percent(run, "difference", sign="+"),
        "McNemar p": _bare(show_p_value(run["mcnemar_p"])) if run["paired_prompts"] >= ENOUGH_PROMPTS else "",
    }
    row |= {(MEASURED, heading): mark(cell) for heading, cell in figures.items()}
    return row | {
        (f"gold {gold}, labelled", answer): mark(f"{run[f'{gold}_as_{answer}']:,}")
        for gold in CLASSES
        for answer in ANSWERS
    }


def _percent(run: "pd.Series[Any]", name: str, sign: str = "") -> Cell:
    """A share in percent with its 95 % interval; empty where there is none."""
    if pd.isna(run[name]):
        return ""
    middle, low, high = (f"{100 * run[f'{name}{end}']:{sign}.1f}" for end in ("", "_low", "_high"))
    return middle if pd.isna(run[f"{name}_low"]) else f"{middle} ({low} to {high})"


def _notes(runs: pd.DataFrame, shown: pd.DataFrame) -> list[str]:
    """How the figures were made, and which runs are not among them."""
    if shown.empty:
        return []
    lines = [
        "In brackets the 95 % interval: Wilson's for accuracy, of resampled prompts for the difference.",
        "Each review counts once: first repeat, first submission. A missing label is wrong.",
        "Difference: against separate prompts at n = 1 of the same study, else with the same settings; "
        "on the reviews that both were asked about.",
        "Reviews of one packed prompt are right or wrong together. The difference's interval allows for "
        "that, Wilson's and McNemar's do not: a difference is claimed only where that interval shows it too.",
    ]
    random = runs["load_format"].map(random_weights)
    if random.any():
        count = int(random.sum())
        lines.append(
            f"Not judged: {count} {'run' if count == 1 else 'runs'} with random weights; "
            "their labels say nothing."
        )
    few = [
        run for _, run in shown[shown["difference"].notna()].iterrows() if verdict_on_labels(run) == "too few"
    ]
    if few:
        lines.append(
            f"Too few prompts to compare ({ENOUGH_PROMPTS} needed): "
            f"{'; '.join(_named(run, runs) for run in few)}."
        )
    absent = runs[~random & ~_keys(runs).isin(_keys(shown))]
    return lines + [
        f"No labels: {_named(run, runs)}{', ' + fault(run) if fault(run) else ''}."
        for _, run in absent.iterrows()
    ]


def _named(run: "pd.Series[Any]", runs: pd.DataFrame) -> str:
    """Study and run in words."""
    return f"{run['study']}, {run_in_words(run, varying(runs[runs['study'] == run['study']]))}"


def _keys(runs: pd.DataFrame) -> "pd.Series[str]":
    return runs["study"] + "/" + runs["run"]
