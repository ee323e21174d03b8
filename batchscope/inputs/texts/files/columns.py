"""Which column holds the texts, which the gold labels: as configured, or found by name and content."""

from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from batchscope.config.dataset import AUTO
from batchscope.config.reading.messages import suggest
from batchscope.inputs.texts.files.table import Request, Table, printable

TEXT_NAMES = (
    *("text", "texts", "review", "content", "body", "message", "sentence", "tweet", "comment", "document"),
    *("utterance", "post", "question", "query", "description", "title", "subject", "abstract", "input"),
)
"""Usual names of a column of texts, the likelier first; case does not count."""

LABEL_NAMES = (
    *("label", "labels", "gold", "gold_label", "sentiment", "category", "class", "target", "topic", "intent"),
    *("mood", "emotion", "tag", "folder"),
)
"""Usual names of a column of labels, the likelier first."""

CLEARLY_LONGER = 1.5
"""A column is taken for the texts if its cells are on average so many times as long as any other's."""

LOOKED_AT = 1000
"""So many rows are looked at to find a column."""

COLUMNS_SHOWN = 20


class Columns(NamedTuple):
    """Places of the columns in each row; None: there is none."""

    text: int
    label: int | None
    id: int | None


def find_columns(table: Table, request: Request) -> Columns:
    """Find the columns of a table.

    Raises:
        UserError: one that is named is not there, or is there twice; or no column looks like texts more than
            the others do.
    """
    text_at = _given(table, request, "text_column", request.text_column)
    label_at = _given(table, request, "label_column", request.label_column)
    id_at = _given(table, request, "id_column", request.id_column)
    finds_label = request.label_column == AUTO
    if text_at is None:
        usual_label = _usual(table, LABEL_NAMES, ()) if finds_label else label_at
        text_at = _text_column(table, request, {usual_label, id_at} - {None})
        _given(table, request, "text_column", table.columns[text_at])  # it may be there twice
    if finds_label:
        label_at = _label_column(table, request, {text_at, id_at})
        _given(table, request, "label_column", None if label_at is None else table.columns[label_at])
    return Columns(text_at, label_at, id_at)


def describe_columns(table: Table, columns: Columns, request: Request) -> str:
    """In a sentence: which columns were taken, of which."""
    text = f"texts from column '{printable(table.columns[columns.text])}'"
    if columns.label is not None:
        label = f"gold labels from column '{printable(table.columns[columns.label])}'"
    elif request.label_column is None:
        label = f"no gold labels ({request.key('label_column')}: null)"
    else:
        key = request.key("label_column")
        label = f"no gold labels, for no column looks like them: if one holds them, set {key}"
    return f"{text}, {label}; the file's columns: {_shown(table.columns)}"


def _given(table: Table, request: Request, key: str, column: str | None) -> int | None:
    """The place of a column that the configuration names; None where it names none."""
    if column in (None, AUTO):
        return None
    found = list(table.columns).count(column)
    name = table.rows[0].file if table.rows else "the file"
    if not found:
        none = ", or null: there are no gold labels" if key == "label_column" else ""
        close = suggest(column, table.columns)
        hint = f"{close} set this key" if close.startswith("did") else "set this key"
        request.refuse(
            key, f"{name} has no column '{column}'; its columns are: {_shown(table.columns)}; {hint}{none}"
        )
    if found > 1:
        request.refuse(
            key,
            f"{name} has {found} columns '{column}' ({_shown(table.columns)}); rename all but one",
        )
    return list(table.columns).index(column)


def _usual(table: Table, names: Sequence[str], taken: Iterable[int]) -> int | None:
    """The column with the likeliest of some usual names, of those that are not taken."""
    known = {name: likelihood for likelihood, name in enumerate(names)}
    found = [
        (known[column.strip().casefold()], at)
        for at, column in enumerate(table.columns)
        if column.strip().casefold() in known and at not in set(taken)
    ]
    return min(found)[1] if found else None


def _text_column(table: Table, request: Request, taken: Iterable[int | None]) -> int:
    named = _usual(table, TEXT_NAMES, [at for at in taken if at is not None])
    if named is not None:
        return named
    if table.header and any(map(_looks_like_a_text, table.columns)):
        request.refuse(
            "text_column",
            f"{table.rows[0].file if table.rows else 'the file'} begins with a row that looks like a text "
            f"({_shown(table.columns)}); write a header such as text,label above it",
        )
    by_length = sorted(
        ((_mean_length(table, at), at) for at in range(len(table.columns)) if at not in set(taken)),
        reverse=True,
    )
    if not by_length or by_length[0][0] == 0:
        request.refuse(
            "text_column",
            f"no column holds texts; the columns are: {_shown(table.columns)}; name another file",
        )
    if len(by_length) > 1 and by_length[0][0] < CLEARLY_LONGER * by_length[1][0]:
        request.refuse(
            "text_column",
            f"which column holds the texts? The columns are: {_shown(table.columns)}; set this key",
        )
    return by_length[0][1]


def _label_column(table: Table, request: Request, taken: set[int | None]) -> int | None:
    """The only column whose cells are mostly labels of the task; else one with a usual name."""
    free = [at for at in range(len(table.columns)) if at not in taken]
    spelt = [at for at in free if _share_of_labels(table, at, request.labels) > 0.5]
    named = _usual(table, LABEL_NAMES, [at for at in taken if at is not None])
    return spelt[0] if len(spelt) == 1 else named


def _cells(table: Table, at: int) -> list[Any]:
    """The cells of a column that hold something, in the first rows."""
    rows = (row.cells for row in table.rows[:LOOKED_AT] if not row.problem)
    return [cells[at] for cells in rows if cells[at] not in (None, "")]


def _mean_length(table: Table, at: int) -> float:
    """Characters of a column's texts; 0 where it holds none, or numbers."""
    texts = [cell for cell in _cells(table, at) if isinstance(cell, str) and not _is_number(cell)]
    return fmean(map(len, texts)) if texts else 0.0


def _share_of_labels(table: Table, at: int, labels: frozenset[str]) -> float:
    cells = _cells(table, at)
    known = sum(str(cell).strip().casefold() in labels for cell in cells)
    return known / len(cells) if cells else 0.0


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _looks_like_a_text(name: str) -> bool:
    return len(name.split()) > 4 or name.strip().endswith((".", "!", "?"))


def _shown(names: Sequence[str]) -> str:
    shown = [printable(name)[:60] for name in names[:COLUMNS_SHOWN]]
    return ", ".join([*shown, *(["..."] if len(names) > COLUMNS_SHOWN else [])])
