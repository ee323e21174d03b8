"""One folded section a study: its answer as the title, a chart, and a table of what tells its runs apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count

import pandas as pd

from batchscope.config.studies import Study
from batchscope.reporting.page import Log
from batchscope.reports.one_page.charts import Charts, charts
from batchscope.reports.one_page.kit_pages import short
from batchscope.reports.one_page.study_tables import Distinct, distinct
from batchscope.reports.one_page.words import Values, study_words
from batchscope.reports.study.page import study_page


@dataclass(frozen=True)
class Link:
    """To another part of the page."""

    anchor: str
    words: str


@dataclass(frozen=True)
class TableRow:
    """A run in a study's table."""

    anchor: str
    words: str
    state: str
    why: str
    same: Link | None
    """the run that stands for its setting"""
    cells: list[str]


@dataclass(frozen=True)
class StudySection:
    """A study as the page shows it."""

    anchor: str
    name: str
    question: str
    answer: str
    findings: list[str]
    context: list[str]
    charts: Charts | None
    table: Distinct
    rows: list[TableRow]
    notes: list[str]
    logs: list[Log]


def anchors(verdict: Values, studies: Sequence[str]) -> dict[str, str]:
    """What each run and study is called in a link to it: ``run-packing-packed-n4``, ``study-packing``.

    By the id of the run, ``study/run``, or the study's name. Two runs may have one name, where a dash stands
    for the slash: the later one gets a number.
    """
    found, taken = {name: f"study-{name}" for name in studies}, set[str]()
    for setting in verdict["settings"]:
        wanted = f"run-{setting['study']}-{setting['id'].partition('/')[2]}"
        tries = chain([wanted], (f"{wanted}.{number}" for number in count(2)))
        found[setting["id"]] = next(each for each in tries if each not in taken)
        taken.add(found[setting["id"]])
    return found


def study_section(
    name: str,
    study: Study,
    runs: pd.DataFrame,
    verdict: Values,
    links: Mapping[str, str],
    questions: Mapping[str, str],
    *,
    across: bool,
) -> StudySection:
    """The section of one study.

    Args:
        name: the study's name.
        study: its question and plot keys.
        runs: its rows of the runs frame.
        verdict: verdict.json.
        links: the `anchors` of the page.
        questions: what each study asks.
        across: compare runs from different environments too.
    """
    page, settings = study_page(name, study, runs, across=across), _by_id(verdict)
    table = distinct(page.table)
    ids = [f"{name}/{run}" for run in runs["run"]]
    timed = [settings[each] for each in ids if each in settings and settings[each]["speed"]]
    return StudySection(
        anchor=links[name],
        name=name,
        question=study.question,
        answer=_answer(name, verdict, page.findings),
        findings=page.findings,
        context=page.context,
        charts=charts(f"chart-{name}", timed, _hrefs(links)) if len(timed) > 1 else None,
        table=table,
        rows=[
            _row(each, cells, settings.get(each), links, questions)
            for each, cells in zip(ids, table.rows, strict=True)
        ],
        notes=page.notes,
        logs=page.logs,
    )


def _row(
    run: str,
    cells: list[str],
    setting: Values | None,
    links: Mapping[str, str],
    questions: Mapping[str, str],
) -> TableRow:
    if setting is None:
        return TableRow(links.get(run, ""), run.partition("/")[2], "", "", None, cells)
    same = _stands_for(setting, links, questions) if setting["same_as"] else None
    return TableRow(links.get(run, ""), setting["words"], setting["state"], setting["why"], same, cells)


def _stands_for(setting: Values, links: Mapping[str, str], questions: Mapping[str, str]) -> Link:
    """Where the run is that stands for a setting."""
    stands = setting["same_as"]
    study = stands.partition("/")[0]
    here = study == setting["study"]
    return Link(links[stands], "another run of this study" if here else f"in {study_words(study, questions)}")


def _by_id(verdict: Values) -> dict[str, Values]:
    return {setting["id"]: setting for setting in verdict["settings"]}


def _hrefs(links: Mapping[str, str]) -> dict[str, str]:
    return {name: f"#{anchor}" for name, anchor in links.items()}


def _answer(name: str, verdict: Values, findings: Sequence[str]) -> str:
    """What the verdict says of the study's question; else its first finding."""
    said = [each["effect"] for each in verdict["questions"] if each["study"] == name and each["effect"]]
    return str([*said, *(short(finding) for finding in findings)][0])
