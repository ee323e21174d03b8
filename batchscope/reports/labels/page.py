"""The labels of all studies on one page: what is decided here, `batchscope.reporting.render` writes.

Made from the frames of `batchscope.reports.labels.frame`; the notes name each run that they leave out.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from batchscope.reporting.page import MEASURED, Cell, Page, Row, Struck, Table
from batchscope.reporting.provenance import environments, models
from batchscope.reporting.wording import fault, show_setting, varying
from batchscope.reports.labels.findings import (
    enumerated,
    findings,
    named,
    reference_in_words,
    show_p_value,
)
from batchscope.reports.labels.frame import QUALITY_COLUMNS, Judged
from batchscope.reports.labels.sections import FEW_LABELS, rows_of, sections
from batchscope.reports.labels.verdicts import accuracy_tells, verdict_on_labels
from batchscope.results.metrics.label_quality import random_weights
from batchscope.statistics.confusion import NONE
from batchscope.statistics.resampling import ENOUGH_PROMPTS

TITLE = "labels"
QUESTION = "Are the labels right, and does it matter how the texts are put into prompts?"


def labels_page(runs: pd.DataFrame, judged: Judged, *, coverage: float, across: bool = False) -> Page:
    """The page.

    Args:
        runs: the runs frame.
        judged: what the labels of its runs say.
        coverage: share of texts that must have a label for anything to be said of accuracy.
        across: whether runs from different environments are compared.
    """
    shown = with_quality(runs, judged.runs)
    return Page(
        title=TITLE,
        question=QUESTION,
        findings=findings(runs, shown, coverage),
        context=[*environments(shown, across=across), *models(shown)] if len(shown) else models(runs),
        table=labels_table(runs, shown, judged),
        notes=_notes(runs, shown),
        sections=sections(runs, shown, judged),
    )


def with_quality(runs: pd.DataFrame, found: pd.DataFrame) -> pd.DataFrame:
    """The judged runs' rows of the runs frame; of a figure that both have, each text counted once."""
    figures = found[["study", "run", *QUALITY_COLUMNS]]
    clash = [name for name in QUALITY_COLUMNS if name in runs]
    return runs.drop(columns=clash).merge(figures, on=["study", "run"], validate="one_to_one")


def labels_table(runs: pd.DataFrame, shown: pd.DataFrame, judged: Judged) -> Table:
    """One row a judged run: settings and figures; of two labels, what was answered for which."""
    settings = [name for name in _settings(runs) if len(shown) and shown[name].nunique(dropna=False) > 1]
    rows = []
    for _, run in shown.iterrows():
        row = _row(run, settings)
        if len(judged.names) <= FEW_LABELS and run["with_gold"]:
            row |= _confusion(run, judged)
        rows.append(row)
    return Table.of_rows(rows)


def _mark(run: "pd.Series[Any]", cell: Cell) -> Cell:
    return cell if run["valid"] else Struck(cell)


def _settings(runs: pd.DataFrame) -> list[str]:
    """Settings that tell runs of any one study apart, beside layout and n."""
    names = [name for _, rows in runs.groupby("study", sort=False) for name in varying(rows)]
    return [name for name in dict.fromkeys([*names, "texts"]) if name not in ("layout", "n")]


def _row(run: "pd.Series[Any]", settings: Sequence[str]) -> Row:
    row: Row = {("", name): show_setting(run[name]) for name in ("study", "layout", "n")}
    row |= {("", name.removeprefix("engine.")): show_setting(run[name]) for name in settings}
    row["", "status"] = fault(run)
    figures = {
        "accuracy (%)": _percent(run, "accuracy"),
        "balanced accuracy (%)": _percent(run, "balanced_accuracy"),
        "macro-F1 (%)": _percent(run, "macro_f1"),
        "always the most frequent (%)": _share(run["majority_share"]),
        "agreement (%)": "reference" if _is_reference(run) else _percent(run, "agreement"),
        "kappa": _interval(run, "kappa", "{:.2f}"),
        "calibration error (points)": _percent(run, "expected_calibration_error"),
        "coverage (%)": _share(run["label_coverage"]),
        "texts": f"{run['labels']:,}",
        "with gold label": f"{run['with_gold']:,}" if run["with_gold"] != run["labels"] else "",
        "prompts": f"{run['prompts']:,}",
        "too few labels": f"{run['too_few']:,}",
        "too many labels": f"{run['too_many']:,}",
        "repeats agree (%)": _share(run["agreeing"]),
        "difference (points)": _percent(run, "difference", sign="+"),
        "McNemar p": _bare(show_p_value(run["mcnemar_p"])) if run["paired_prompts"] >= ENOUGH_PROMPTS else "",
    }
    return row | {(MEASURED, heading): _mark(run, cell) for heading, cell in figures.items()}


def _confusion(run: "pd.Series[Any]", judged: Judged) -> Row:
    """Texts by gold label and answer."""
    cells = rows_of(judged.confusion, run).set_index(["gold", "label"])["texts"]
    return {
        (f"gold {gold}, labelled", answer): _mark(run, f"{cells.get((gold, answer), 0):,}")
        for gold in judged.names
        for answer in (*judged.names, NONE)
    }


def _is_reference(run: "pd.Series[Any]") -> bool:
    return bool(run["reference"] == f"{run['study']}/{run['run']}")


def _share(value: float) -> Cell:
    return "" if pd.isna(value) else f"{100 * value:.1f}"


def _interval(run: "pd.Series[Any]", name: str, form: str, scale: float = 1) -> Cell:
    """A figure with its 95 % interval, where it has one; empty where there is no figure."""
    if pd.isna(run[name]):
        return ""
    middle, low, high = (form.format(scale * run[f"{name}{end}"]) for end in ("", "_low", "_high"))
    return middle if pd.isna(run[f"{name}_low"]) else f"{middle} ({low} to {high})"


def _percent(run: "pd.Series[Any]", name: str, sign: str = "") -> Cell:
    """A share in percent."""
    return _interval(run, name, f"{{:{sign}.1f}}", scale=100)


def _bare(text: str) -> str:
    """A p value under its heading: ``0.004``, ``< 0.001``."""
    return text.removeprefix("p ").removeprefix("= ")


def _notes(runs: pd.DataFrame, shown: pd.DataFrame) -> list[str]:
    """How the figures were made, and which runs are not among them."""
    if shown.empty:
        return []
    return [
        *_method(shown),
        *_references(runs, shown),
        *_too_few_prompts(runs, shown),
        *_not_judged(runs, shown),
    ]


def _method(shown: pd.DataFrame) -> Iterator[str]:
    yield (
        "In brackets the 95 % interval: Wilson's for accuracy and agreement, wider where texts of a prompt "
        "are right or wrong together; of resampled prompts for all else."
    )
    yield "Each text counts once: first repeat, first submission. A missing label is wrong."
    some = shown[(shown["with_gold"] > 0) & (shown["with_gold"] < shown["labels"])]
    if len(some):
        run = some.iloc[0]
        yield (
            f"Accuracy is of the texts that have a gold label, in {run['run']} {run['with_gold']:,} of "
            f"{run['labels']:,}."
        )
    if shown["difference"].notna().any():
        yield (
            "Difference: of accuracy, against separate prompts at n = 1 of the same study, else with the "
            "same settings; on the texts that both were asked about. It is claimed only where its interval "
            "and McNemar's test both show it."
        )


def _references(runs: pd.DataFrame, shown: pd.DataFrame) -> Iterator[str]:
    """Which runs the agreement is with, and what it says."""
    held = shown[shown["agreement"].notna()].drop_duplicates("reference")
    if held.empty:
        return
    names = [
        f"{run['reference'].partition('/')[0]}, {reference_in_words(run, runs)}" for _, run in held.iterrows()
    ]
    words = [name.partition(" of '")[0] for name in names]
    yield f"Agreement: texts with the answer of the reference run ({enumerated(words)}), right or not."


def _too_few_prompts(runs: pd.DataFrame, shown: pd.DataFrame) -> Iterator[str]:
    few = [
        run
        for _, run in shown.iterrows()
        if (accuracy_tells(run) and pd.notna(run["difference"]) and verdict_on_labels(run) == "too few")
        or (not run["with_gold"] and run["agreement_prompts"] < ENOUGH_PROMPTS)
    ]
    if few:
        yield (
            f"Too few prompts to compare ({ENOUGH_PROMPTS} needed): "
            f"{'; '.join(named(run, runs) for run in few)}."
        )


def _not_judged(runs: pd.DataFrame, shown: pd.DataFrame) -> Iterator[str]:
    random = runs["load_format"].map(random_weights)
    if random.any():
        count = int(random.sum())
        yield (
            f"Not judged: {count} {'run' if count == 1 else 'runs'} with random weights; "
            "their labels say nothing."
        )
    for _, run in runs[~random & ~_keys(runs).isin(_keys(shown))].iterrows():
        yield f"No labels: {named(run, runs)}{', ' + fault(run) if fault(run) else ''}."


def _keys(runs: pd.DataFrame) -> "pd.Series[str]":
    return runs["study"] + "/" + runs["run"]
