"""What is folded below the studies: pages of other reports, pictures, provenance, the published study."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from batchscope.reporting.numbers import show_ratio
from batchscope.reporting.page import Table
from batchscope.reporting.provenance import comparability
from batchscope.reports.one_page.inline_svg import data_uri
from batchscope.reports.one_page.kit_pages import KitPage, kit_page
from batchscope.reports.one_page.study_tables import Distinct, distinct
from batchscope.reports.one_page.timelines import Pair, pair
from batchscope.reports.one_page.words import Values, show_speed
from batchscope.results.comparison import SPEED
from batchscope.results.frames import cell_value

MOST_BYTES = 400_000
"""Of a picture: larger ones would make the page slow, and lie in the folder of results."""

TITLES = {"labels": "Labels", "cost": "Cost model", "profiles": "Profiles", "memory": "Memory"}


@dataclass(frozen=True)
class Picture:
    """A figure of another report."""

    caption: str
    source: str


@dataclass(frozen=True)
class Section:
    """A page of another report, with its figure."""

    anchor: str
    name: str
    page: KitPage | None
    pictures: list[Picture] = field(default_factory=list)
    pair: Pair | None = None
    """timelines, which follow the page's colours and width"""


def kit_section(results: Path, stem: str, name: str) -> Section | None:
    """A report's page and figure; None where it is not made."""
    page = results / "tables" / f"{stem}.html"
    if not page.is_file():
        return None
    drawn = _picture(results / "plots" / f"{stem}.svg", f"{name}, as a figure")
    return Section(f"part-{stem}", name, kit_page(page), drawn)


def _picture(svg: Path, caption: str) -> list[Picture]:
    if not svg.is_file():
        return []
    source = data_uri(svg)
    return [Picture(caption, source)] if len(source) <= MOST_BYTES else []


def timelines(results: Path, verdict: Values, against: Mapping[str, str]) -> Section | None:
    """The recommended run and what it is held against, on one clock; None where neither has steps."""
    drawn = pair(results, verdict, against)
    return Section("part-timelines", "Timelines", None, pair=drawn) if drawn else None


@dataclass(frozen=True)
class Published:
    """The published study beside ours."""

    sentences: list[str]
    table: Distinct


def published(runs: pd.DataFrame) -> Published | None:
    """How far the published figures come out again; None where no run has one."""
    sentences = comparability(runs)
    if not sentences:
        return None
    theirs = runs[runs["valid"] & runs["published.model"].notna()]
    columns = [("", name) for name in ("study", "run", "texts/s", "texts/s, published on an H800", "ratio")]
    return Published(sentences, distinct(Table(columns, list(_beside(theirs)))))


def _beside(runs: pd.DataFrame) -> Iterator[list[str]]:
    for _, run in runs.iterrows():
        ratio = cell_value(run[f"reproduced.{SPEED}"])
        yield [
            str(run["study"]),
            str(run["run"]),
            show_speed(run[SPEED]),
            show_speed(cell_value(run[f"published.{SPEED}"])),
            show_ratio(ratio) if ratio else "",
        ]


def sections(
    results: Path, serving: Mapping[str, str], verdict: Values, against: Mapping[str, str]
) -> list[Section]:
    """All that there are, in the order of the page.

    Args:
        results: the folder with pages, figures and runs.
        serving: what each study of the server asks.
        verdict: verdict.json.
        against: the run that each run is held against.
    """
    found = [
        kit_section(results, "labels", TITLES["labels"]),
        *(
            kit_section(results, f"serving_{study}", f"Server: {question or study}")
            for study, question in serving.items()
        ),
        timelines(results, verdict, against),
        *(kit_section(results, stem, TITLES[stem]) for stem in ("cost", "profiles", "memory")),
    ]
    return [each for each in found if each]
