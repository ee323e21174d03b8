"""Further tables of the page on labels: label by label, what is confused, and how well confidence holds."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.audit.checked import Checked
from tests.audit.pages import Grid, Row, check_cell, grids

Rows = Mapping[tuple[Any, ...], Row]
NAMED = re.compile(r"(\w+), (packed|separate) prompts \(n=(\d+)")


def label_sections(page: Path, runs: Rows, rows: Mapping[str, Rows]) -> Checked:
    """All tables behind the first.

    Args:
        page: labels.md.
        runs: rows of labels.csv, with the layout.
        rows: those of the files beside it, by the file's name.
    """
    table, text = Checked(f"{page.name}, further tables"), page.read_text(encoding="utf-8")
    titles = re.findall(r"(?m)^## (.*)$", text)
    for title, grid in zip(titles, grids(page)[1:], strict=True):
        if title == "Label by label":
            by_label(table, grid, runs, rows["labels_by_label.csv"])
        elif title == "How well confidence holds":
            reliability(table, grid, runs, rows["labels_reliability.csv"])
        elif title == "Confused most often":
            confused(
                table,
                grid,
                run_named(NAMED.search(text[text.index("\nOf ") :]), runs),
                rows["labels_confusion.csv"],
            )
        else:
            table.off.append(f"{title}: not a table that is known")
    return table


def run_named(found: re.Match[str] | None, runs: Rows) -> tuple[str, str]:
    """The run that words name; of several with this layout and n, the one with the confidence that they say."""
    assert found is not None
    study, layout, n = found.groups()
    alike = [
        key for key, row in runs.items() if key[0] == study and (row["layout"], row["n"]) == (layout, int(n))
    ]
    if told := re.search(r"confidence=(\w+)", found.string):
        said_so = [key for key in alike if str(key[1]).endswith(f"confidence-{told[1]}")]
        alike = said_so or [key for key in alike if "confidence-" not in str(key[1])]
    return alike[0]  # type: ignore[return-value]


def by_label(table: Checked, grid: Grid, runs: Rows, rows: Rows) -> None:
    for heading in grid.headings[1:]:
        found = NAMED.search(heading)
        for label, cell in zip(grid.column("label"), grid.column(heading), strict=True):
            if found:
                key = run_named(found, runs)
                check_cell(table, f"{label}: {heading}", cell, [100 * rows[*key, label]["recall"]])
            else:
                texts = next(row["texts"] for key, row in rows.items() if key[2] == label)
                check_cell(table, f"{label}: {heading}", cell, [texts])


def confused(table: Checked, grid: Grid, run: tuple[str, str], rows: Rows) -> None:
    texts: dict[str, int] = {}
    for (study, name, gold, _), row in rows.items():
        if (study, name) == run:
            texts[gold] = texts.get(gold, 0) + row["texts"]
    for gold, label, count, share in grid.rows:
        row = rows.get((*run, gold, label), {"texts": 0})
        check_cell(table, f"{gold}, {label}: texts", count, [row["texts"]])
        check_cell(table, f"{gold}, {label}: share", share, [100 * row["texts"] / texts[gold]])


def reliability(table: Checked, grid: Grid, runs: Rows, rows: Rows) -> None:
    figures = {
        "answers": ("answers", 1),
        "mean confidence (%)": ("confidence", 100),
        "right (%)": ("accuracy", 100),
    }
    for heading in grid.headings[1:]:
        found = NAMED.search(heading)
        key = run_named(found, runs)
        name, scale = figures[re.split(r" \(\w+, ", heading)[0]]
        for place, cell in zip(grid.column("confidence (%)"), grid.column(heading), strict=True):
            row = rows.get((*key, int(place.partition(" ")[0]) / 100))
            check_cell(table, f"{place}: {heading}", cell, [scale * row[name] if row else None])
