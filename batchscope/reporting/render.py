"""Pages as Markdown and as HTML. What they say is decided in `batchscope.reports`."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import jinja2
import pandas as pd
from markupsafe import Markup

from batchscope.reporting.page import MEASURED, Log, Page, Section, Struck, Table
from batchscope.results.published.offline import LABEL

LOG_LINES = 3
"""Of a failed run's log in Markdown, where nothing can be folded away."""

LINE = "line"
"""Heads the names of a table's lines, where each run has a column."""

TEXT_COLUMNS = (
    "layout",
    "study",
    "run",
    "status",
    "model",
    "same prompts",
    "limited by",
    "class",
    "label",
    "gold",
    "labelled",
    "name",
    "tool",
    "file",
    "check",
    "asks",
    "for lack of",
    "not asked of",
    LINE,
)

FOLDER = Path(__file__).parent

# Light in a dark browser too: the report around it is. The table scrolls in its own box, under its headings
# and behind the columns that name the run.
STYLE = (FOLDER / "templates/page.css").read_text(encoding="utf-8")

_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, trim_blocks=True, lstrip_blocks=True
)


def page_markdown(page: Page) -> str:
    """A page as Markdown."""
    parts = [f"# {page.title}", *_opening(page)]
    if page.table.rows:
        parts.append(table_markdown(page.table))
    if page.notes:
        parts.append("\n".join(f"- {_escape(line)}" for line in page.notes))
    parts += [_section_markdown(section) for section in page.sections]
    if page.files:
        parts.append("\n".join(f"- [{path}]({path})" for path in page.files))
    parts += [_log_markdown(log) for log in page.logs]
    return "\n\n".join(parts) + "\n"


def _section_markdown(section: Section) -> str:
    """A heading, its table, and what is to be known of it."""
    note = [_escape(section.note)] if section.note else []
    return "\n\n".join([f"## {section.heading}", *note, table_markdown(section.table)])


def _log_markdown(log: Log) -> str:
    """The end of a failed run's log, as a block that Markdown does not read."""
    lines = "\n".join(f"    {' '.join(line.split())}" for line in log.lines[-LOG_LINES:])
    return f"Log of {_escape(log.run)}, its last lines:\n\n{lines}"


def summary_markdown(title: str, pages: Sequence[Page], *lead: str) -> str:
    """All studies on one page as Markdown: the lead; question, findings, and where the table is."""
    parts = [f"# {title}", *map(_escape, lead)]
    for page in pages:
        parts += [f"## {page.title}", *_opening(page), f"Table: [{page.title}.md]({page.title}.md)"]
    return "\n\n".join(parts) + "\n"


def page_html(page: Page) -> str:
    """A page as a single HTML file that needs nothing else."""
    return _ENVIRONMENT.get_template("templates/page.html.jinja").render(
        page=page,
        style=STYLE,
        groups_of=_groups,
        css=_css,
        heading=_heading,
        struck=_is_struck,
        two_lines=_two_lines,
    )


def _groups(table: Table) -> list[tuple[str, int]]:
    """Neighbouring columns of one group: its name, and how many they are."""
    return [(name, len(list(columns))) for name, columns in groupby(table.columns, key=lambda key: key[0])]


def summary_html(title: str, pages: Sequence[Page], *lead: str) -> str:
    """All studies on one page as a single HTML file."""
    template = _ENVIRONMENT.get_template("templates/summary.html.jinja")
    return template.render(title=title, pages=pages, lead=lead, style=STYLE)


def table_markdown(table: Table) -> str:
    """A pipe table; a group's name stands in brackets behind the heading, ours has none."""
    headings = [name if group in ("", MEASURED) else f"{name} ({group})" for group, name in table.columns]
    cells = [
        [f"~~{_escape(cell)}~~" if _is_struck(cell) else _escape(cell) for cell in row] for row in table.rows
    ]
    align = ["left" if name in TEXT_COLUMNS else "right" for _, name in table.columns]
    return str(
        pd.DataFrame(cells, columns=headings).to_markdown(index=False, disable_numparse=True, colalign=align)
    )


def _opening(page: Page) -> list[str]:
    question = [f"*{page.question}*"] if page.question else []
    bullets = "\n".join(f"- {_escape(line)}" for line in page.findings)
    return [
        *question,
        bullets,
        *(["\n".join(f"{_escape(line)}  " for line in page.context).rstrip()] if page.context else []),
    ]


def _is_struck(cell: str) -> bool:
    return isinstance(cell, Struck) and cell != ""


def _css(group: str, name: str) -> str:
    classes = [name] if name in ("layout", "n") and not group else []
    if name in TEXT_COLUMNS:
        classes.append("text")
    if group == LABEL:
        classes.append("published")
    return " ".join(classes)


def _heading(name: str) -> Markup:
    """A heading that breaks at blanks and underscores: keys are longer than their values."""
    return Markup("_<wbr>").join(name.replace(" / ", " /\u00a0").split("_"))


def _two_lines(group: str, cell: str) -> str:
    """A mean with its interval below it: half as wide. Other cells stay as they are."""
    mean, bracket, spread = cell.partition(" (")
    if group != MEASURED or not bracket:
        return cell
    return Markup('{} <span class="spread">({}</span>').format(mean, spread)


def _escape(text: str) -> str:
    """Keep a text on its line and inside its cell."""
    return " ".join(text.split()).replace("|", "\\|")
