"""All reports: what each reads and writes, and how the HTML report shows it.

A new one takes a folder ``batchscope/reports/NAME`` whose ``report.py`` has a ``write_report``, an entry in
`REPORTS`, and a caption, ``report/NAME.rst``. Its rule, its place in ``all``, and which table names studies
cannot have, follow from the entry.

This module imports no report and names none in full, so that a rule depends on its own report alone.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from batchscope.common.errors import UserError
from batchscope.config.configuration import Config
from batchscope.config.profile import profilers_of_page

FRAMES = ("runs", "repeats")
"""Tables that no report writes: ``make_tables`` does, one row a run and one row a repeat."""

WILDCARD = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class Shown:
    """How the HTML report shows a file of one report."""

    category: str
    """heading in its menu"""
    caption: str
    """``report/CAPTION.rst`` stands above the file"""
    labels: dict[str, str]
    """columns of the menu and what they say; wildcards in braces"""
    subcategory: str | None = None


@dataclass(frozen=True)
class Report:
    """One kind of report. Wildcards in braces are ``{study}`` or, of the server, ``{serving_study}``."""

    name: str
    """that of its folder, and of its rule behind ``report_``"""
    reads: tuple[str, ...]
    """its inputs, by their names in `REPORT_INPUTS` of rules/report_files.smk"""
    stem: str
    """name of its files without ending; with a wildcard there is one report for each study"""
    page: Shown | None = None
    """``tables/STEM.html``, with the files of `beside_page`"""
    figure: Shown | None = None
    """``plots/STEM.svg``, with a PNG"""
    folder: Shown | None = None
    """``timelines/STEM/``, with a figure for each run or load point"""
    folder_pattern: str = ""
    """which files of the folder are shown, with a wildcard for the run"""
    file: str = ""
    """a file of its own in the folder of results, which Snakemake's report does not show"""
    beside_page: tuple[str, ...] = (".md", ".csv")
    """what is added to the stem for each further file of ``tables/``"""
    profilers: frozenset[str] = field(default_factory=frozenset)
    """whose captures it reads; such a report is no part of ``all``"""
    needs: str = ""
    """the property of the configuration that lists what it is about; empty, it is no part of ``all``"""
    local: bool = True
    """whether it is made on the node that submits, where Snakemake runs on a cluster"""

    def is_asked_for(self, config: Config) -> bool:
        """Whether it is a part of ``all``."""
        return not self.profilers and (not self.needs or bool(getattr(config, self.needs)))

    @property
    def rule(self) -> str:
        """Name of its rule."""
        return f"report_{self.name}"

    @property
    def module(self) -> str:
        """The module that writes it."""
        return f"batchscope.reports.{self.name}.report"

    @property
    def wildcard(self) -> str:
        """The wildcard of its stem, in braces; empty where there is one report for all."""
        found = WILDCARD.search(self.stem)
        return found[0] if found else ""

    def targets(self, study: str = "") -> list[str]:
        """What is shown of it, within the folder of results; ``study`` stands for the wildcard."""
        shown = {
            f"tables/{self.stem}.html": self.page,
            f"plots/{self.stem}.svg": self.figure,
            f"timelines/{self.stem}": self.folder,
            self.file: self.file,
        }
        return [WILDCARD.sub(study, path) for path, how in shown.items() if how]

    @property
    def tables(self) -> list[str]:
        """Its files in ``tables/``, the page first."""
        return [f"{self.stem}{end}" for end in (".html", *self.beside_page)] if self.page else []

    @property
    def log(self) -> str:
        """Its log, within the folder of logs."""
        return f"{self.rule}/{self.wildcard}.log" if self.wildcard else f"{self.rule}.log"


def _answer(
    name: str,
    *reads: str,
    beside_page: tuple[str, ...] = (".md", ".csv"),
    profilers: frozenset[str] = frozenset(),
) -> Report:
    """One page about all runs, and a figure with the same caption."""
    labels = {"study": name}
    return Report(
        name=name,
        reads=reads,
        stem=name,
        page=Shown("Answers", name, labels),
        figure=Shown("Plots", name, labels),
        beside_page=beside_page,
        profilers=profilers,
    )


REPORTS = (
    Report(
        name="summary",
        reads=("config", "runs_table"),
        stem="summary",
        page=Shown("Answers", "summary", {"study": "all"}),
        beside_page=(".md",),
    ),
    _answer(
        "labels",
        "config",
        "runs_table",
        "labels",
        beside_page=(".md", ".csv", "_confusion.csv", "_by_label.csv", "_reliability.csv"),
    ),
    _answer("cost", "config", "runs"),
    Report(
        name="study",
        reads=("config", "runs_table", "repeats_table"),
        stem="{study}",
        page=Shown("Tables", "study_table", {"study": "{study}"}),
        figure=Shown("Plots", "study_plot", {"study": "{study}"}),
    ),
    Report(
        name="timeline",
        reads=("config", "runs_of_study"),
        stem="{study}",
        folder=Shown("Timelines", "timeline", {"run": "{run}"}, subcategory="{study}"),
        folder_pattern="{run}.svg",
        local=False,
    ),
    Report(
        name="serving",
        reads=("config", "load_points", "offline_runs", "published_serving"),
        stem="serving_{serving_study}",
        page=Shown("Serving", "serving", {"study": "{serving_study}", "shows": "table"}),
        figure=Shown("Serving", "serving", {"study": "{serving_study}", "shows": "plot"}),
        folder=Shown(
            "Serving",
            "serving_timeline",
            {"study": "{serving_study}", "shows": "{load_point}"},
            subcategory="{serving_study}",
        ),
        folder_pattern="{load_point}.svg",
    ),
    Report(
        name="imported",
        reads=("config", "runs_table", "serving_tables", "imported_files"),
        stem="imported",
        page=Shown("Answers", "imported", {"study": "imported"}),
        beside_page=(".md", ".csv", ".parquet"),
        needs="active_imports",
    ),
    Report(
        name="gemm",
        reads=("config", "gemm"),
        stem="gemm",
        page=Shown("Answers", "gemm", {"study": "gemm"}),
        figure=Shown("Plots", "gemm", {"study": "gemm"}),
        needs="gemm_models",
    ),
    _answer(
        "profiles",
        "captures",
        beside_page=(".md", ".csv", "_steps.csv"),
        profilers=frozenset(profilers_of_page("profiles")),
    ),
    _answer("memory", "captures", profilers=frozenset(profilers_of_page("memory"))),
    Report(
        name="one_page",
        reads=("config", "runs_table", "verdict", "shown"),
        stem="report",
        file="report.html",
    ),
)


FILES = frozenset(report.file for report in REPORTS if report.file)
"""Files that lie in the folder of results itself."""


def check_study_names(studies: Collection[str]) -> None:
    """Stop where a study would write its table over one of another name.

    Args:
        studies: names of the offline studies, dropped ones too.

    Raises:
        UserError: a name is taken.
    """
    whole, beginnings = set(FRAMES), set[str]()
    for stem in _table_stems():
        beginning, brace, _ = stem.partition("{")
        (beginnings if brace else whole).add(beginning)
    for name in studies:
        # some file systems make no difference between capitals and small letters
        folded = name.casefold()
        if folded in whole:
            raise UserError(_wrong(f"'{name}' is the name of a table of its own; rename the study"))
        if any(folded.startswith(beginning) for beginning in beginnings if beginning):
            raise UserError(_wrong(f"'{name}' is how tables of serving.studies are named; rename the study"))


def _table_stems() -> Iterator[str]:
    return (file.rpartition(".")[0] for report in REPORTS for file in report.tables)


def _wrong(what: str) -> str:
    return f"the configuration is wrong:\n  studies: {what}"
