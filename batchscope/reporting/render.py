"""Pages as Markdown and as HTML. What they say is decided in `batchscope.reporting.tables`."""

from collections.abc import Sequence
from itertools import groupby

import jinja2
import pandas as pd
from markupsafe import Markup

from batchscope.reporting.page import MEASURED, Log, Page, Struck, Table
from batchscope.results.published import LABEL

LOG_LINES = 3
"""Of a failed run's log in Markdown, where nothing can be folded away."""

LINE = "line"
"""Heads the names of a table's lines, where each run has a column."""

TEXT_COLUMNS = ("layout", "study", "run", "status", "model", "same prompts", "limited by", "class", LINE)

# Light in a dark browser too: the report around it is. The table scrolls in its own box, under its headings
# and behind the columns that name the run.
STYLE = """
:root { color-scheme: light; --layout: 4.6rem; --n: 2.8rem; }
body {
  font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif;
  color: #1b1f24; background: #fff; margin: 1.5rem;
}
h1 { font-size: 1.35rem; margin: 0 0 .2rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .2rem; }
h1, h2, p, li { max-width: 60rem; overflow-wrap: break-word; }
.question { font-size: 1.05rem; color: #444c56; margin: 0 0 1rem; }
.findings { margin: 0 0 1rem; padding-left: 1.2rem; }
.findings li { margin-bottom: .25rem; }
.findings li:first-child { font-weight: 600; }
.context { color: #57606a; font-size: .88rem; margin: .1rem 0; }
.wide { overflow: auto; width: fit-content; max-width: 100%; max-height: 85vh; margin: 1rem 0; }
table { border-collapse: separate; border-spacing: 0; font-variant-numeric: tabular-nums; font-size: .8rem; }
th, td { padding: .35rem .4rem; text-align: right; white-space: nowrap; background: #fff; }
td { border-bottom: 1px solid #d8dee4; vertical-align: top; }
th { font-weight: 600; vertical-align: bottom; white-space: normal; max-width: 5.2rem; }
thead { position: sticky; top: 0; z-index: 2; }
thead tr:last-child th { border-bottom: 2px solid #1b1f24; }
thead .group { text-align: left; max-width: none; border-bottom: 1px solid #8c959f; }
.group span { position: sticky; left: calc(var(--layout) + var(--n) + .4rem); white-space: nowrap; }
.layout, .n { position: sticky; z-index: 1; box-sizing: border-box; }
.layout { left: 0; min-width: var(--layout); }
.n { left: var(--layout); min-width: var(--n); }
.text { text-align: left; }
.spread { display: block; color: #57606a; font-size: .75rem; }
.published { color: #57606a; background: #f6f8fa; }
details { color: #57606a; font-size: .85rem; margin: .3rem 0; }
pre { overflow: auto; background: #f6f8fa; padding: .5rem; }
.notes { color: #57606a; font-size: .85rem; padding-left: 1.2rem; }
@media (max-width: 40rem) { body { margin: 1rem; } }
"""

_ENVIRONMENT = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)

_STUDY = _ENVIRONMENT.from_string("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ page.title }}</title><style>{{ style | safe }}</style></head>
<body>
<h1>{{ page.title }}</h1>
<p class="question">{{ page.question }}</p>
<ul class="findings">{% for line in page.findings %}<li>{{ line }}</li>{% endfor %}</ul>
{% for line in page.context %}
<p class="context">{{ line }}</p>
{% endfor %}
<div class="wide"><table>
<thead>
<tr>
{% for name, width in groups %}
<th colspan="{{ width }}"{% if name %} class="group {{ css(name, "") }}"{% endif %}>
<span>{{ name }}</span></th>
{% endfor %}
</tr>
<tr>
{% for group, name in page.table.columns %}
<th class="{{ css(group, name) }}">{{ heading(name) }}</th>
{% endfor %}
</tr>
</thead>
<tbody>
{% for row in page.table.rows %}
<tr>
{%- for cell in row -%}
{% set group, name = page.table.columns[loop.index0] %}
<td class="{{ css(group, name) }}">
{%- if struck(cell) %}<del>{{ cell }}</del>{% else %}{{ two_lines(group, cell) }}{% endif -%}
</td>
{%- endfor -%}
</tr>
{% endfor %}
</tbody>
</table></div>
<ul class="notes">{% for line in page.notes %}<li>{{ line }}</li>{% endfor %}</ul>
{% if page.files %}
<ul class="notes">{% for path in page.files %}<li><a href="{{ path }}">{{ path }}</a></li>{% endfor %}</ul>
{% endif %}
{% for log in page.logs %}
<details><summary>Log of {{ log.run }}</summary><pre>{{ log.lines | join("\n") }}</pre></details>
{% endfor %}
</body>
</html>
""")

_SUMMARY = _ENVIRONMENT.from_string("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title><style>{{ style | safe }}</style></head>
<body>
<h1>{{ title }}</h1>
{% if sweep %}
<p class="context">{{ sweep }}</p>
{% endif %}
{% for page in pages %}
<h2>{{ page.title }}</h2>
<p class="question">{{ page.question }}</p>
<ul class="findings">{% for line in page.findings %}<li>{{ line }}</li>{% endfor %}</ul>
{% for line in page.context %}
<p class="context">{{ line }}</p>
{% endfor %}
{% endfor %}
</body>
</html>
""")


def study_markdown(page: Page) -> str:
    """A study's page as Markdown."""
    parts = [f"# {page.title}", *_opening(page)]
    if page.table.rows:
        parts.append(table_markdown(page.table))
    if page.notes:
        parts.append("\n".join(f"- {_escape(line)}" for line in page.notes))
    if page.files:
        parts.append("\n".join(f"- [{path}]({path})" for path in page.files))
    parts += [_log_markdown(log) for log in page.logs]
    return "\n\n".join(parts) + "\n"


def _log_markdown(log: Log) -> str:
    """The end of a failed run's log, as a block that Markdown does not read."""
    lines = "\n".join(f"    {' '.join(line.split())}" for line in log.lines[-LOG_LINES:])
    return f"Log of {_escape(log.run)}, its last lines:\n\n{lines}"


def summary_markdown(title: str, pages: Sequence[Page], sweep: str | None = None) -> str:
    """All studies on one page as Markdown: the sweep; question, findings, and where the table is."""
    parts = [f"# {title}", *([_escape(sweep)] if sweep else [])]
    for page in pages:
        parts += [f"## {page.title}", *_opening(page), f"Table: [{page.title}.md]({page.title}.md)"]
    return "\n\n".join(parts) + "\n"


def study_html(page: Page) -> str:
    """A study's page as a single HTML file that needs nothing else."""
    groups = [
        (name, len(list(columns))) for name, columns in groupby(page.table.columns, key=lambda key: key[0])
    ]
    return _STUDY.render(
        page=page,
        style=STYLE,
        groups=groups,
        css=_css,
        heading=_heading,
        struck=_is_struck,
        two_lines=_two_lines,
    )


def summary_html(title: str, pages: Sequence[Page], sweep: str | None = None) -> str:
    """All studies on one page as a single HTML file."""
    return _SUMMARY.render(title=title, pages=pages, sweep=sweep, style=STYLE)


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
    fixed = [name] * (name in ("layout", "n") and not group)
    return " ".join(fixed + ["text"] * (name in TEXT_COLUMNS) + ["published"] * (group == LABEL))


def _heading(name: str) -> Markup:
    """A heading that breaks at blanks and underscores: keys are longer than their values."""
    return Markup("_<wbr>").join(name.replace(" / ", " /\u00a0").split("_"))


def _two_lines(group: str, cell: str) -> str:
    """A median with its interval below it: half as wide. Other cells stay as they are."""
    median, bracket, spread = cell.partition(" (")
    if group != MEASURED or not bracket:
        return cell
    return Markup('{} <span class="spread">({}</span>').format(median, spread)


def _escape(text: str) -> str:
    """Keep a text on its line and inside its cell."""
    return " ".join(text.split()).replace("|", "\\|")
