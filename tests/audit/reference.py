"""All tables of one reference folder."""

import json
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from tests.audit import further_readmes, readmes
from tests.audit.captures import KEYS, capture_rows
from tests.audit.checked import Checked, Unknown, compare, missing
from tests.audit.cost_table import with_constants
from tests.audit.label_sections import label_sections
from tests.audit.label_tables import FURTHER, label_rows
from tests.audit.load_tables import load_row
from tests.audit.page_tables import (
    cost_page,
    labels_page,
    load_page,
    memory_page,
    order_in,
    profiles_page,
    study_pages,
)
from tests.audit.products import KEY, product_rows, products_page
from tests.audit.raw import Run, labels_in, runs_in
from tests.audit.several_starts import each_start, gpu_of, labelled_otherwise, over_starts, told_of_start
from tests.audit.speed import METRICS, published_row, repeat_rows, run_row, with_older_names

REFERENCES = Path(__file__).parents[2] / "docs" / "reference"
PUBLISHED = REFERENCES / "h800"
RUN = ("study", "run")
Rows = dict[tuple[Any, ...], dict[str, Any]]


def folders() -> list[Path]:
    return [path for path in sorted(REFERENCES.iterdir()) if path.is_dir()]


def audit(folder: Path) -> Iterator[Checked]:
    """Each table of a reference folder, checked."""
    if not (folder / "runs").is_dir():
        yield from published_elsewhere(folder)
        return
    reference = Reference(folder)
    yield from reference.of_runs()
    yield from reference.of_labels()
    yield from reference.of_captures()
    yield from reference.of_products()
    yield from reference.of_loads()
    yield from reference.by_hand()


def published_elsewhere(folder: Path) -> Iterator[Checked]:
    """Figures of another study: nothing here was measured by this project."""
    why = Unknown("another study's figures, copied as it published them")
    for path in sorted(folder.glob("*.csv")):
        table = Checked(path.name)
        for number, row in enumerate(pd.read_csv(path).select_dtypes("number").to_dict("records"), start=1):
            for column, value in row.items():
                table.number(f"row {number}: {column}", value, why)
        yield table


class Reference:
    """Everything recomputed from one folder's raw files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.older = (folder / "runs.csv").is_file()  # tables from before geometric means, beside the runs
        self.tables = folder if self.older else folder / "tables"
        self.runs = {run.key: run for run in runs_in(folder)}
        self.labels = {
            key: rows for key, rows in labels_in(folder).items() if not self.runs[key].random_weights
        }
        self.repeats = {
            key: repeat_rows(
                run, self.labels.get(key), self.beside(run.of_run), self.beside(run.of_run, "most_precise")
            )
            for key, run in self.runs.items()
        }

    @cached_property
    def starts_of(self) -> dict[tuple[str, str], list[Run]]:
        """The engine starts of each run, in their order."""
        found: dict[tuple[str, str], list[Run]] = {}
        for run in sorted(self.runs.values(), key=lambda run: run.start):
            found.setdefault(run.of_run, []).append(run)
        return found

    @cached_property
    def rows(self) -> Rows:
        """Of runs.csv."""
        found: Rows = {}
        for key, starts in self.starts_of.items():
            rows, repeats = ([of[run.key] for run in starts] for of in (self.starts, self.repeats))
            row = over_starts(starts, rows, repeats, METRICS)
            labels = [self.labels[run.key] for run in starts if run.key in self.labels]
            row["labels_differ_between_starts"] = labelled_otherwise(labels)
            found[key] = row | published_row(starts[0], row, PUBLISHED / "offline.csv")
        return found

    @cached_property
    def starts(self) -> Rows:
        """Of each engine start alone."""
        middle = "median" if self.older else "mean"
        return {key: run_row(run, self.repeats[key], middle=middle) for key, run in self.runs.items()}

    @cached_property
    def costs(self) -> Rows:
        """Of cost.csv."""
        there = (self.tables / "cost.csv").is_file()
        first = [run for run in self.runs.values() if run.start == 1]
        return with_constants(first) if there else {}

    @cached_property
    def judged(self) -> dict[str, Rows]:
        """Of labels.csv and the files beside it: labels of a run are those of its first start."""
        path = self.tables / "labels.csv"
        labels = {key: rows for key, rows in self.labels.items() if self.runs[key].start == 1}
        return label_rows(path, self.runs, labels) if path.is_file() else {}

    @cached_property
    def captured(self) -> dict[str, Rows]:
        return capture_rows(self.folder)

    @cached_property
    def products(self) -> Rows:
        """Of gemm.csv."""
        return product_rows(self.folder)

    @cached_property
    def loads(self) -> Rows:
        """Of serving_{study}.csv."""
        points = runs_in(self.folder, "serving")
        if not points:
            return {}
        slo = json.loads((self.folder / "config.json").read_text(encoding="utf-8"))["serving"]["slo"]
        return {run.key: load_row(run, slo, PUBLISHED / "serving.csv") for run in points}

    def beside(self, key: tuple[str, str], column: str = "reference") -> pd.DataFrame | None:
        """The rows that count of a run's reference run, or most precise one, which runs.csv names."""
        if not self.labels:
            return None
        said = pd.read_csv(self.tables / "runs.csv").set_index(list(RUN))
        name = said.loc[key, column] if column in said else None
        if missing(name):
            return None
        rows = self.labels[tuple(name.split("/"))]
        return rows[(rows["repeat"] == 0) & (rows["duplicate"] == 0)]

    def of_runs(self) -> Iterator[Checked]:
        """runs.csv, repeats.csv, cost.csv, and a table for each study; the pages of these."""
        rows = self.rows
        repeats: Rows = {
            (*self.runs[key].of_run, self.runs[key].start, number): row
            for key, each in self.repeats.items()
            for number, row in enumerate(each, start=1)
        }
        if self.older:
            rows = {key: with_older_names(row) for key, row in rows.items()}
            repeats = {(*key[:2], key[3]): with_older_names(row) for key, row in repeats.items()}
        yield compare(self.tables / "runs.csv", "runs.csv", RUN, rows)
        yield from self.of_each_start(self.tables / "runs.csv")
        names = (*RUN, "repeat") if self.older else (*RUN, "start", "repeat")
        yield compare(self.tables / "repeats.csv", "repeats.csv", names, repeats)
        if (path := self.tables / "starts.csv").is_file() and not self.older:
            starts = {(*run.of_run, run.start): self.starts[key] for key, run in self.runs.items()}
            yield compare(path, "tables/starts.csv", (*RUN, "start"), starts)
        for study in dict.fromkeys(study for study, _ in rows):
            if (path := self.tables / f"{study}.csv").is_file():
                yield compare(path, path.name, RUN, of_study(study, rows))
                yield from self.of_each_start(path)
        yield from study_pages(self.tables, rows)
        if self.costs:
            yield compare(self.tables / "cost.csv", "cost.csv", RUN, self.costs)
            yield from cost_page(self.tables, self.costs)

    def of_each_start(self, path: Path) -> Iterator[Checked]:
        """The column of that name: where a run has several starts."""
        if "each_start" in pd.read_csv(path, nrows=0):
            found = {
                key: [told_of_start(run, self.repeats[run.key]) for run in starts]
                for key, starts in self.starts_of.items()
            }
            yield each_start(path, found)

    def of_labels(self) -> Iterator[Checked]:
        keys = {"labels.csv": RUN} | {name: (*RUN, *key) for name, (key, _) in FURTHER.items()}
        for name, rows in self.judged.items():
            if (path := self.tables / name).is_file():
                yield compare(path, name, keys[name], rows)
        if self.judged:
            rows, page = self.judged["labels.csv"], self.tables / "labels.md"
            yield from labels_page(self.tables, rows, self.judged["labels_confusion.csv"])
            yield label_sections(page, rows, self.judged)

    def of_captures(self) -> Iterator[Checked]:
        for name, rows in self.captured.items():
            yield compare(self.tables / name, name, KEYS[name], rows)
        if self.captured:
            classes, steps = self.captured["profiles.csv"], self.captured["profiles_steps.csv"]
            yield profiles_page(self.tables / "profiles.md", classes, steps)
        if memory := self.captured.get("memory.csv"):
            yield memory_page(self.tables / "memory.md", memory)

    def of_products(self) -> Iterator[Checked]:
        if rows := self.products:
            yield compare(self.tables / "gemm.csv", "gemm.csv", KEY, rows)
            yield from products_page(self.tables / "gemm.md", rows)

    def of_loads(self) -> Iterator[Checked]:
        """A table for each study of the server, and its page."""
        for study in dict.fromkeys(study for study, _ in self.loads):
            path = self.tables / f"serving_{study}.csv"
            mine = of_study(study, self.loads)
            yield compare(path, path.name, RUN, mine)
            yield load_page(path.with_suffix(".md"), [("/".join(key), mine[key]) for key in order_in(path)])

    def by_hand(self) -> Iterator[Checked]:
        """Tables of README.md."""
        if made := BY_HAND.get(self.folder.name):
            yield from made(self, self.folder / "README.md")

    def by_start(self) -> tuple[list[dict[str, Any]], pd.DataFrame]:
        """Each run's engine starts, with the GPU and the speed; and the seconds of their passes."""
        starts, repeats = [], []
        for (study, name), runs in self.starts_of.items():
            for run in runs:
                key = {"study": study, "run": name, "start": run.start}
                starts.append({**key, "gpu": gpu_of(run), "texts_per_s": self.starts[run.key]["texts_per_s"]})
                repeats += [{**key, "seconds": each["seconds"]} for each in run.measurement["repeats"]]
        return starts, pd.DataFrame(repeats)


def smollm2(of: Reference, page: Path) -> Iterator[Checked]:
    yield readmes.starts_file(of.folder / "starts.csv")
    yield from readmes.smollm2(page, of.rows, of.judged["labels.csv"])


def sparse(of: Reference, page: Path) -> Iterator[Checked]:
    yield from further_readmes.h200_sparse(page, of.rows, of.products, of.runs, PUBLISHED)


BY_HAND: dict[str, Callable[[Reference, Path], Iterator[Checked]]] = {
    "h100": lambda of, page: readmes.h100(page, of.rows, of.loads, of.captured["profiles.csv"], PUBLISHED),
    "h200": lambda of, page: readmes.h200(page, of.rows),
    "h200-starts": lambda of, page: readmes.h200_starts(page, *of.by_start(), of.rows, of.loads),
    "h200-precision": lambda of, page: further_readmes.h200_precision(page, of.rows),
    "h200-precision-kv": lambda of, page: further_readmes.h200_precision(page, of.rows),
    "h200-sparse": sparse,
    "h200-sparse-kernels": lambda of, page: further_readmes.h200_sparse_kernels(
        page, of.rows, of.runs, PUBLISHED
    ),
    "h200-cascade": lambda of, page: further_readmes.h200_cascade(
        page, of.rows, of.costs, of.runs, PUBLISHED
    ),
    "h200-cascade-20": lambda of, page: further_readmes.h200_cascade_20(page, of.rows, of.runs),
    "h200-two-gpus": lambda of, page: further_readmes.h200_two_gpus(page, of.rows, of.runs),
    "h200-long": lambda of, page: further_readmes.h200_long(page, of.rows, of.runs),
    "h200-sweep-one": lambda of, page: further_readmes.h200_sweep(page, of.rows),
    "h200-sweep-two": lambda of, page: further_readmes.h200_sweep(page, of.rows),
    "smollm2-h200": smollm2,
    "smollm2-h200-banking77": lambda of, page: readmes.banking77(page, of.rows, of.judged["labels.csv"]),
    "smollm2-h200-precision": lambda of, page: further_readmes.smollm2_precision(
        page, of.rows, of.judged["labels.csv"]
    ),
    "smollm2-h200-starts": lambda of, page: readmes.smollm2_starts(page, *of.by_start()),
}
"""How the tables that a reference's README has are made, by its folder; none: it has none."""


def of_study(study: str, rows: Rows) -> Rows:
    return {key: row for key, row in rows.items() if key[0] == study}
