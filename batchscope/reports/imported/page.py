"""The page of imported results: what others measured, ours beside it, and what theirs cannot be asked."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from batchscope.reporting.numbers import show_count, show_ratio, three_digits
from batchscope.reporting.page import Page, Row, Section, Table
from batchscope.reports.imported.unasked import GATES_OF_OURS
from batchscope.results.frames import cell_value
from batchscope.results.imported.figures import LATENCIES

TITLE = "imported"
QUESTION = "How do results of other tools compare with ours?"
THEIRS, OURS, RATIO = "theirs, unchecked", "ours, checked", "theirs / ours"
ALIKE = 1.1
"""Loads and lengths that differ by at most this factor are alike."""

RATES = {
    "texts_per_s": "texts/s",
    "request_throughput": "requests/s",
    "output_throughput": "output tokens/s",
    "total_token_throughput": "total tokens/s",
}
"""Columns and their headings."""


def imported_page(frame: pd.DataFrame) -> Page:
    """The page of an `imported_frame`."""
    rows = [row for _, row in frame.iterrows()]
    served = [row for row in rows if row["serves"]]
    return Page(
        title=TITLE,
        question=QUESTION,
        findings=[_finding(row) for row in rows],
        context=[
            "Figures under 'theirs' are as the tools' files have them. They have passed none of the checks "
            "that a run of ours must pass to count, and no claim of this report rests on them."
        ],
        table=Table.of_rows([_throughputs(row) for row in rows]),
        notes=_notes(rows),
        sections=[
            *([Section("Latencies", Table.of_rows([_latencies(row) for row in served]))] if served else []),
            Section("What could not be asked of theirs", Table.of_rows(_unasked(rows))),
        ],
    )


def _finding(row: "pd.Series[Any]") -> str:
    rate = three_digits(row["request_throughput"])
    said = f"{row['name']} ({_tool(row)}): {rate} requests/s {_load(row)}".rstrip()
    failed = cell_value(row["failed"])
    lost = f", and {show_count(failed)} requests failed" if failed else ""
    if pd.isna(row["ours.run"]):
        return f"{said}{lost}. Nothing of ours stands beside it: {row['why_not']}."
    ours = f"{three_digits(row['ours.request_throughput'])} requests/s {_load(row, 'ours.')}".rstrip()
    ratio = _ratio(row["ratio.request_throughput"])
    told = f": theirs is {ratio} ours{_but(row)}" if ratio else ""
    return f"{said}{lost}. Ours that comes closest is {row['ours.run']}, {ours}{told}."


def _tool(row: "pd.Series[Any]") -> str:
    version = cell_value(row["version"])
    return f"{row['tool']} {version}" if version else str(row["tool"])


def _load(row: "pd.Series[Any]", of: str = "") -> str:
    """How requests came, in words; of a run without a server nothing."""
    rate, limit = cell_value(row[f"{of}request_rate"]), cell_value(row[f"{of}max_concurrency"])
    if not row["serves"]:
        return ""
    if rate:
        return f"where {three_digits(rate)} are sent in a second"
    if limit:
        return f"with {show_count(limit)} under way"
    return "with all sent at once" if of or pd.notna(row["load"]) else ""


def _but(row: "pd.Series[Any]") -> str:
    """What differs so much that the ratio is none of two like things."""
    differing = [
        f"{words} ({three_digits(row[name])} and {three_digits(row[f'ours.{name}'])})"
        for name, words in (
            ("max_concurrency", "requests under way"),
            ("request_rate", "rates"),
            ("tokens_per_request", "tokens a request"),
        )
        if _apart(row[name], row[f"ours.{name}"])
    ]
    return f", but they differ in {' and '.join(differing)}" if differing else ""


def _apart(theirs: float, ours: float) -> bool:
    if pd.isna(theirs) or pd.isna(ours):
        return bool(pd.isna(theirs) != pd.isna(ours))
    return max(theirs, ours) > ALIKE * min(theirs, ours)


def _throughputs(row: "pd.Series[Any]") -> Row:
    about: Row = {
        (THEIRS, "file"): str(row["file"]),
        (THEIRS, "model"): str(cell_value(row["model"]) or ""),
        (THEIRS, "requests"): show_count(row["requests"]),
        (THEIRS, "failed"): show_count(row["failed"]),
    }
    return {**_who(row), **about, **_side_by_side(row, {"tokens_per_request": "tokens a request", **RATES})}


def _latencies(row: "pd.Series[Any]") -> Row:
    return {**_who(row), **_side_by_side(row, {name: _heading(name) for name in LATENCIES})}


def _heading(latency: str) -> str:
    """``median_ttft_ms`` as people write it: median TTFT ms."""
    statistic, kind, unit = latency.split("_")
    return f"{statistic} {kind.upper()} {unit}"


def _who(row: "pd.Series[Any]") -> Row:
    return {
        ("", "name"): str(row["name"]),
        (THEIRS, "tool"): _tool(row),
        (THEIRS, "under way"): show_count(row["max_concurrency"]),
        (THEIRS, "sent/s"): three_digits(row["request_rate"]),
    }


def _side_by_side(row: "pd.Series[Any]", shown: Mapping[str, str]) -> Row:
    """Theirs, ours and what one is of the other, by column and heading."""
    beside: Row = {
        (OURS, "run"): str(cell_value(row["ours.run"]) or ""),
        (OURS, "under way"): show_count(row["ours.max_concurrency"]),
        (OURS, "sent/s"): three_digits(row["ours.request_rate"]),
    }
    theirs = {(THEIRS, words): three_digits(row[name]) for name, words in shown.items()}
    ours = {(OURS, words): three_digits(row[f"ours.{name}"]) for name, words in shown.items()}
    ratios = {(RATIO, words): _ratio(row.get(f"ratio.{name}")) for name, words in shown.items()}
    return {**theirs, **beside, **ours, **ratios}


def _ratio(value: Any) -> str:
    return "" if pd.isna(value) else show_ratio(value)


def _unasked(rows: Sequence["pd.Series[Any]"]) -> list[Row]:
    """One row a gate, with the files that could not be asked."""
    codes = {row["name"]: str(row["not_asked"]).split(", ") for row in rows}
    return [
        {
            ("", "check"): code,
            ("", "asks"): gate.asks,
            ("", "for lack of"): gate.lacks,
            ("", "not asked of"): ", ".join(name for name, of_file in codes.items() if code in of_file),
        }
        for code, gate in GATES_OF_OURS.items()
        if any(code in of_file for of_file in codes.values())
    ]


NOTES = (
    "The run of ours beside theirs is a valid one of the same model, with as many texts in a prompt (one, "
    "where the configuration does not say), no reuse and free answers, whose load is closest; of runs "
    "without a server, the one whose requests are closest in length. A ratio says little where load, length "
    "of requests, hardware or vLLM's version differ; of the last two their files seldom tell.",
    "vLLM's prefix cache is on by default, and no result file tells what it served: theirs may have had it "
    "easier.",
)

SERVED_NOTE = (
    "TPOT is a request's time after its first token by its further tokens; GuideLLM and AIPerf call it "
    "inter-token latency, and GuideLLM counts each request by its tokens. ITL is the time from one piece of "
    "an answer to the next; AIPerf calls it inter-chunk latency."
)


def _notes(rows: Sequence["pd.Series[Any]"]) -> list[str]:
    return [*NOTES, *([SERVED_NOTE] if any(row["serves"] for row in rows) else [])]
