"""A study's table in the published form, with the published figures beside ours: what stands where."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from batchscope.config.studies import Study
from batchscope.reporting.numbers import show_count, show_ratio
from batchscope.reporting.page import MEASURED, Log, Page, Row, Struck, Table
from batchscope.reporting.provenance import comparability, environments, models
from batchscope.reporting.wording import FAILURES, fault, run_in_words, show_setting, varying
from batchscope.reports.study.findings import findings
from batchscope.results.comparison import SPEED
from batchscope.results.frames import cell_value
from batchscope.results.in_force.sparse_kernels import runs_with_2_4_kernels
from batchscope.results.metrics.label_quality import random_weights
from batchscope.results.metrics.registry import shown_metrics
from batchscope.results.published.offline import LABEL
from batchscope.statistics.intervals import ENOUGH

COUNTS = {
    "repeats": "repeats",
    "prompt_tokens": "total prompt tokens",
    "output_tokens": "total output tokens",
}


CACHED = {"cached_tokens": "cached prompt tokens", "expected_cached_tokens": "cached, in theory"}
"""Shown where a study reuses what the prefix cache holds."""


NO_LABELS = "n/a (random weights)"


def study_page(name: str, study: Study, runs: pd.DataFrame, *, across: bool = False) -> Page:
    """The page of one study.

    Args:
        name: the study's name.
        study: its question and plot keys.
        runs: its rows of the runs frame, in the order that the table keeps.
        across: compare runs from different environments too.
    """
    if runs.empty:
        return Page(name, study.question, ["No answer: there is no run."], [], Table([], []), [])
    return Page(
        title=name,
        question=study.question,
        findings=findings(runs, study.plot, across=across),
        context=[*environments(runs, across=across), *models(runs), *comparability(runs)],
        table=study_table(runs),
        notes=notes(runs),
        logs=logs(runs),
    )


def study_table(runs: pd.DataFrame) -> Table:
    """One row a run: settings, what was measured, what was published for the same run."""
    settings = list(dict.fromkeys(["layout", "n", *varying(runs), "texts"]))
    rows = [_settings(run, settings) | _measured(run) | _published(run) for _, run in runs.iterrows()]
    if (runs["reuse"] != "none").any():
        for row, (_, run) in zip(rows, runs.iterrows(), strict=True):
            row |= {(MEASURED, heading): show_count(run[name]) for name, heading in CACHED.items()}
    if (runs["starts"] > 1).any():
        for row, (_, run) in zip(rows, runs.iterrows(), strict=True):
            row[MEASURED, "engine starts"] = show_count(run["starts"])
    columns = dict.fromkeys(key for row in rows for key in row)
    filled = [column for column in columns if any(row.get(column) for row in rows)]
    return Table(filled, [[row.get(column, "") for column in filled] for row in rows])


def _settings(run: "pd.Series[Any]", settings: Sequence[str]) -> Row:
    row = {("", name.removeprefix("engine.")): show_setting(run[name]) for name in settings}
    if "sparsity" in run:
        row["", "weights"] = str(cell_value(run["sparsity"]) or "dense")
    return row | {("", "status"): fault(run) or ("unsteady" if run["unsteady"] else "")}


def _measured(run: "pd.Series[Any]") -> Row:
    mark: Callable[[str], str] = str if run["valid"] else Struck
    row = Row()
    labels_mean_nothing, said = random_weights(run["load_format"]), False
    for metric, column in shown_metrics():
        if not (metric.of_labels and labels_mean_nothing):
            row[MEASURED, column.heading] = mark(metric.cell(run))
        elif not said:  # once a row
            row[MEASURED, column.heading] = NO_LABELS if run["repeats"] else ""
            said = True
    # Token totals are facts of the prompts, whether the timing counts or not.
    return row | {(MEASURED, heading): show_count(run[name]) for name, heading in COUNTS.items()}


def _published(run: "pd.Series[Any]") -> Row:
    if not run["valid"] or cell_value(run["published.model"]) is None:
        return {}
    row = {
        (LABEL, column.heading): column.text(run[f"published.{metric.name}"])
        for metric, column in shown_metrics()
        if column.beside_published
    }
    row["", "same prompts"] = "✓" if run["same_prompts"] else "no"
    if run["same_model"]:
        row["", "measured / published"] = show_ratio(run[f"reproduced.{SPEED}"])
    return row


def notes(runs: pd.DataFrame) -> list[str]:
    """What a reader must know under the table: repeats, unequal lengths, and why runs do not count."""
    settings = varying(runs)
    lines = [
        _about_repeats(runs),
        *_about_starts(runs),
        *_imprecise(runs, settings),
        *_trending(runs, settings),
    ]
    lines += [*_about_flips(runs), *_about_sparse_kernels(runs, settings)]
    lines += [*_at_power_limit(runs), *_at_fixed_clocks(runs)]
    matched = runs[runs["published.model"].notna() & runs["valid"]]
    if matched["same_prompts"].any():
        lines.append("✓ same prompts: prompt and output token totals are the published ones.")
    lengths = matched[["published.texts", "texts"]].drop_duplicates()
    lines += [
        f"Published for {theirs:,} texts, measured here with {ours:,}."
        for theirs, ours in lengths.itertuples(index=False)
        if theirs != ours
    ]
    # the findings say what there is no room for
    for _, run in runs[~runs["valid"] & (runs["status"] != "unfit")].iterrows():
        kind = "" if run["status"] == "refused" else FAILURES.get(run["status"], "")
        why = ": ".join(part for part in (kind, cell_value(run["reason"])) if part)
        lines.append(f"Not counted: {run_in_words(run, settings)}. {why}.")
    return lines


def logs(runs: pd.DataFrame) -> list[Log]:
    """What failed runs said last."""
    settings = varying(runs)
    failed = runs[runs["log_tail"].notna()]
    return [Log(run_in_words(run, settings), json.loads(run["log_tail"])) for _, run in failed.iterrows()]


def _about_flips(runs: pd.DataFrame) -> list[str]:
    """A line on the runs by which flipped labels are told."""
    told = runs[runs["label_flips"].notna()]
    if told.empty:
        return []
    against = dict.fromkeys(name.rpartition("/")[2] for name in told["most_precise"])
    return [f"Label flips: against the most precise engine with the same prompts ({', '.join(against)})."]


def _about_sparse_kernels(runs: pd.DataFrame, settings: Sequence[str]) -> list[str]:
    """A line on the valid runs that were to have 2:4 kernels, and nobody counted whether they had them."""
    asked = runs[[runs_with_2_4_kernels(run) and bool(run["valid"]) for _, run in runs.iterrows()]]
    uncounted = asked[asked["sparse_layers"].isna()] if "sparse_layers" in asked else asked
    if uncounted.empty:
        return []
    names = "; ".join(run_in_words(run, settings) for _, run in uncounted.iterrows())
    which = "" if len(uncounted) == len(asked) else f": {names}"
    return [f"The layers that had sparse kernels were not counted{which}."]


def _at_power_limit(runs: pd.DataFrame) -> list[str]:
    """How much of the time each environment's GPU was at its power limit: normal, and good to know."""
    return [
        f"The GPU was at its power limit{_watts(group)} in {_of_samples(group['at_power_limit'])}."
        for _, group in runs.groupby("fingerprint", sort=False)
        if (group["at_power_limit"] > 0).any()
    ]


def _watts(runs: pd.DataFrame) -> str:
    limit = cell_value(runs.iloc[0]["power_limit_w"])
    return f" of {limit:.0f} W" if limit else ""


def _at_fixed_clocks(runs: pd.DataFrame) -> list[str]:
    held = runs["at_fixed_clocks"]
    if not (held > 0).any():
        return []
    return [f"The GPU's clocks were fixed below their highest in {_of_samples(held)}."]


def _of_samples(shares: "pd.Series[float]") -> str:
    """Shares of several runs: ``96 % of samples``, or ``12 to 96 % of a run's samples``."""
    low, high = (f"{100 * share:.0f}" for share in (shares.min(), shares.max()))
    return f"{low} % of samples" if low == high else f"{low} to {high} % of a run's samples"


def _imprecise(runs: pd.DataFrame, settings: Sequence[str]) -> list[str]:
    """A line on the valid runs whose repeats ended before they were as precise as asked."""
    if "measure.precision" not in runs:
        return []
    wide = runs[runs["valid"] & (runs["half_width"] > runs["measure.precision"])]
    if wide.empty:
        return []
    asked = " or ".join(f"{each:.3g}" for each in sorted(100 * wide["measure.precision"].unique()))
    parts = [f"{run_in_words(run, settings)}, {100 * run['half_width']:.1f} %" for _, run in wide.iterrows()]
    return [f"Not known as precisely as asked for ({asked} %): {'; '.join(parts)}."]


def _trending(runs: pd.DataFrame, settings: Sequence[str]) -> list[str]:
    """A line on the valid runs whose repeats have not settled."""
    names = [run_in_words(run, settings) for _, run in runs[runs["valid"] & runs["trend"]].iterrows()]
    if not names:
        return []
    return [
        "Seconds rise or fall from repeat to repeat, so the interval does not hold "
        f"(a longer measure.warmup_tokens may help): {'; '.join(names)}."
    ]


def _about_repeats(runs: pd.DataFrame) -> str:
    counts = sorted({int(count) for count in runs["repeats"] if count})
    if not counts:
        return "No run has a timed repeat."
    if counts == [1]:
        return "One repeat a run: how far repeats would differ is not known."
    number = _from_to(counts)
    if counts[-1] < ENOUGH:
        return f"Geometric means of {number} repeats: too few for an interval."
    starts = sorted({int(count) for count in runs.loc[runs["valid"], "starts"]})
    if starts and starts[-1] > 1:
        one = "; of a run with one start, its repeatability there" if starts[0] == 1 else ""
        return (
            f"Geometric means over {_from_to(starts)} engine starts of {number} repeats; in brackets the "
            f"95 % interval over starts{one}."
        )
    return (
        f"Geometric means of {number} repeats; in brackets their repeatability on one engine start (95 %): "
        "another start may lie outside."
    )


def _from_to(counts: Sequence[int]) -> str:
    """Sorted counts in words."""
    return str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"


def _about_starts(runs: pd.DataFrame) -> list[str]:
    """A line on the valid runs whose labels are not the same in all of their engine starts."""
    if "labels_differ_between_starts" not in runs:
        return []
    settings = varying(runs)
    parts = [
        f"{run_in_words(run, settings)}, {show_count(count)} of {show_count(run['texts'])}"
        for _, run in runs[runs["valid"]].iterrows()
        if (count := cell_value(run["labels_differ_between_starts"]))
    ]
    if not parts:
        return []
    return [f"Texts whose label is not the same in all engine starts: {'; '.join(parts)}."]
