"""Pages as Markdown and as HTML. What they say is decided in `batchscope.analysis.tables`."""

from collections.abc import Sequence
from itertools import groupby

import jinja2
import pandas as pd

from batchscope.analysis.reference import LABEL
from batchscope.analysis.tables import Page, Struck, Table

TEXT_COLUMNS = ("layout", "status", "model", "same prompts")

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; color: #1b1f24; margin: 1.5rem 2rem; }
h1 { font-size: 1.35rem; margin: 0 0 .2rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .2rem; }
.question { font-size: 1.05rem; color: #444c56; margin: 0 0 1rem; }
.findings { margin: 0 0 1rem; padding-left: 1.2rem; }
.findings li:first-child { font-weight: 600; }
.context { color: #57606a; font-size: .88rem; margin: .1rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; font-variant-numeric: tabular-nums; font-size: .85rem; }
th, td { padding: .35rem .55rem; text-align: right; white-space: nowrap; }
th { font-weight: 600; vertical-align: bottom; white-space: normal; max-width: 5.2rem; }
thead tr:last-child th { border-bottom: 2px solid #1b1f24; }
thead .group { text-align: center; max-width: none; border-bottom: 1px solid #8c959f; }
tbody tr { border-bottom: 1px solid #d8dee4; }
.text { text-align: left; }
.published { color: #57606a; background: #f6f8fa; }
.notes { color: #57606a; font-size: .85rem; padding-left: 1.2rem; }
"""

_ENVIRONMENT = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)

_STUDY = _ENVIRONMENT.from_string("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ page.title }}</title><style>{{ style | safe }}</style></head>
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
<th colspan="{{ width }}"{% if name %} class="group"{% endif %}>{{ name }}</th>
{% endfor %}
</tr>
<tr>
{% for group, name in page.table.columns %}
<th class="{{ css(group, name) }}">{{ name }}</th>
{% endfor %}
</tr>
</thead>
<tbody>
{% for row in page.table.rows %}
<tr>
{%- for cell in row -%}
{% set group, name = page.table.columns[loop.index0] %}
<td class="{{ css(group, name) }}">
{%- if struck(cell) %}<del>{{ cell }}</del>{% else %}{{ cell }}{% endif -%}
</td>
{%- endfor -%}
</tr>
{% endfor %}
</tbody>
</table></div>
<ul class="notes">{% for line in page.notes %}<li>{{ line }}</li>{% endfor %}</ul>
</body>
</html>
""")

_SUMMARY = _ENVIRONMENT.from_string("""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{{ title }}</title><style>{{ style | safe }}</style></head>
<body>
<h1>{{ title }}</h1>
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
    return "\n\n".join(parts) + "\n"


def summary_markdown(title: str, pages: Sequence[Page]) -> str:
    """All studies on one page as Markdown: question, findings, and where the table is."""
    parts = [f"# {title}"]
    for page in pages:
        parts += [f"## {page.title}", *_opening(page), f"Table: [{page.title}.md]({page.title}.md)"]
    return "\n\n".join(parts) + "\n"


def study_html(page: Page) -> str:
    """A study's page as a single HTML file that needs nothing else."""
    groups = [
        (name, len(list(columns))) for name, columns in groupby(page.table.columns, key=lambda key: key[0])
    ]
    return _STUDY.render(page=page, style=STYLE, groups=groups, css=_css, struck=_is_struck)


def summary_html(title: str, pages: Sequence[Page]) -> str:
    """All studies on one page as a single HTML file."""
    return _SUMMARY.render(title=title, pages=pages, style=STYLE)


def table_markdown(table: Table) -> str:
    """A pipe table; a group's name stands in brackets behind the heading, ours has none."""
    headings = [f"{name} ({group})" if group == LABEL else name for group, name in table.columns]
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
    return " ".join(["text"] * (name in TEXT_COLUMNS) + ["published"] * (group == LABEL))


def _escape(text: str) -> str:
    """Keep a text on its line and inside its cell."""
    return " ".join(text.split()).replace("|", "\\|")
