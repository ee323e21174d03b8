"""The page as HTML, from a template, with its style and its script inside."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import jinja2
from markupsafe import Markup

from batchscope.reporting.page import Struck
from batchscope.reports.one_page import words
from batchscope.reports.one_page.charts import Charts
from batchscope.reports.one_page.sections import Published, Section
from batchscope.reports.one_page.study_sections import StudySection
from batchscope.reports.one_page.words import Values

FOLDER = Path(__file__).parent
STYLE = (FOLDER / "templates/report.css").read_text(encoding="utf-8")
SCRIPT = (FOLDER / "templates/report.js").read_text(encoding="utf-8")
TEMPLATES = ("templates/report.html.jinja", "templates/verdict.html.jinja", "templates/folded.html.jinja")

PILE = 1_000_000
"""Texts that hours are told for until the reader says how many there are."""


@dataclass(frozen=True)
class Content:
    """All that the page shows."""

    verdict: Values
    links: Mapping[str, str]
    """`anchors`"""
    questions: Mapping[str, str]
    """what each study asks; of studies of the server too"""
    charts: Charts | None
    not_compared: list[Values]
    """settings that the chart leaves out, for they do not compare"""
    studies: list[StudySection]
    sections: list[Section]
    provenance: list[str]
    published: Published | None


_ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)
_ENVIRONMENT.filters |= {
    "speed": words.show_speed,
    "percent": words.show_percent,
    "hours": words.show_hours,
    "money": words.show_money,
    "speed_range": words.show_range,
    "percent_range": lambda found: words.show_range(found, words.show_percent),
    "hours_range": words.show_hours_range,
    "engine": words.engine_of,
    "ratio": words.show_ratio,
    "gain": lambda gain: gain["words"],
    "gain_range": words.show_gain_range,
    "lead": words.lead_of,
    "by_study": words.by_study,
    "study_words": words.study_words,
    "reason": words.reason_of,
}
_ENVIRONMENT.tests["struck"] = lambda cell: isinstance(cell, Struck) and cell != ""


def page_html(content: Content) -> str:
    """The page as one HTML file that needs nothing else."""
    return _ENVIRONMENT.get_template(TEMPLATES[0]).render(
        content=content,
        verdict=content.verdict,
        links=content.links,
        questions=content.questions,
        pile=PILE,
        style=Markup(STYLE),  # noqa: S704 (our own file)
        script=Markup(SCRIPT),  # noqa: S704 (our own file)
    )
