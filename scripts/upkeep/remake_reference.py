"""Remake the tables and figures of a reference from its raw files with today's code, and compare them.

Prints what differs, and what cannot be remade and why; exit status 1 where a number differs, or a text of a
figure. The reference itself is only read, but for ``--write``: it puts what differs there, and leaves each
number as it stands that differs by no more than the last digits of another processor.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Collection, Iterator
from contextlib import chdir
from importlib import import_module
from pathlib import Path

from batchscope.common.atomic_files import write_text
from batchscope.common.errors import UserError, run_script
from batchscope.config.configuration import Config, load_config
from batchscope.config.reading.older_names import configuration_today
from batchscope.profiling.profiled_runs import profiled_runs
from batchscope.reporting.compare_outputs import differences, without_noise
from batchscope.reports.registry import FILES, REPORTS, Report
from batchscope.reports.report_job import ReportJob
from batchscope.results.anonymised_copy import share
from batchscope.results.configured_runs import configured_runs
from batchscope.results.label_rows import with_labels
from batchscope.results.metrics.label_quality import random_weights
from batchscope.results.reference_run import with_references
from batchscope.studies.grid import expand_studies
from batchscope.studies.starts import with_starts
from batchscope.verdict.report import write_verdict
from scripts.make_tables import PUBLISHED, write_tables

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "h100"
RAW = ("runs", "serving", "profiles", "gemm", "labels")
"""Folders of what was measured, and of the labels read from it (with the texts, which are not here); all else
is made from them."""

MADE = ("tables", "plots", "timelines")
VERDICT = "verdict.json"
BENCHMARKS = "measured by benchmarks/ on GPUs, no report is made of it"
BY_HAND = "written by hand"


def main() -> None:
    """Lay the raw files out as a folder of results, make every report, and compare file by file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, default=REFERENCE, help="folder of a reference")
    parser.add_argument("--keep", type=Path, help="folder for what is made; without it, it is removed again")
    parser.add_argument("--write", action="store_true", help="put what differs into the reference")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or Path(temporary)
        remake(args.reference, folder)
        same = tell(args.reference, folder)
        if args.write:
            write(args.reference, folder)
    sys.exit(0 if same else 1)


def remake(reference: Path, folder: Path, names: Collection[str] = ()) -> None:
    """Write ``results/`` (as Snakemake would) and ``shared/`` (as it was committed) into a folder.

    Args:
        reference: config.json and those of the folders of `RAW` that there are.
        folder: is made; holds no results yet.
        names: the reports to make; none: all of them.

    Raises:
        UserError: the reference is not whole, or the folder holds results already.
    """
    results = folder / "results"
    results.mkdir(parents=True)
    for name in (name for name in RAW if (reference / name).is_dir()):
        (results / name).symlink_to((reference / name).resolve(), target_is_directory=True)
    values = configuration_today(json.loads((reference / "config.json").read_text(encoding="utf-8")))
    (results / "config.json").write_text(json.dumps(values), encoding="utf-8")
    config = load_config(values)
    runs = expand_studies(config)
    timelines = {path.stem for path in (reference / "timelines").glob("*")}
    picked = {run.study for run in runs if run.name in timelines}
    labels = results / "labels"
    for name in sorted({run.engine.model for run in runs}):
        if not (labels.is_dir() or random_weights(config.models[name].load_format)):
            raise UserError(f"{name}: its labels count, and {reference} holds no folder 'labels'")
    records = configured_runs(results / "runs", with_starts(runs), config)
    if labels.is_dir():
        records = with_references(with_labels(records, labels), coverage=config.verdict.coverage / 100)
    write_tables(records, PUBLISHED, results / "tables")
    for report in REPORTS:
        if names and report.name not in names:
            continue
        for job in jobs_of(report, config, results):
            if report.page or job.study in picked:
                import_module(report.module).write_report(job)
    if {"cost", "serving"} <= set(names or [report.name for report in REPORTS]):
        with chdir(folder):  # its commands name the folder of results as a checkout has it
            write_verdict(config, Path(results.name), Path(results.name, VERDICT))
        for report in (report for report in REPORTS if report.file):
            import_module(report.module).write_report(ReportJob(results, results))
    share(results, folder / "shared")


def jobs_of(report: Report, config: Config, results: Path) -> Iterator[ReportJob]:
    """One job for each study that the report is about, or a single one; none where it lacks its captures."""
    studies = {"{study}": list(config.active_studies), "{serving_study}": list(config.serving.active_studies)}
    captures = [
        folder
        for run in profiled_runs(config.profile.runs, [run.id for run in expand_studies(config)])
        for profiler in config.profile.profilers
        if profiler in report.profilers and (folder := results / "profiles" / run / profiler).is_dir()
    ]
    if not (captures if report.profilers else report.is_asked_for(config)):
        return
    for study in studies.get(report.wildcard, [""]):
        yield ReportJob(results, results, study, tuple(captures))


def remade(reference: Path, folder: Path) -> Iterator[tuple[Path, Path | None]]:
    """Each committed file that is not raw, by its name there, and the file that is made of it now."""
    for file in sorted(path for path in reference.rglob("*") if path.is_file()):
        name = file.relative_to(reference)
        if name.parts[0] not in RAW and name.name != "config.json":
            yield name, counterpart(name, folder)


def tell(reference: Path, folder: Path) -> bool:
    """Print what became of each committed file that is not raw; whether all that were remade say the same.

    Other pixels alone are told, and not judged: they change with the version of the plotting library.
    """
    found: dict[str, list[str]] = {}
    for name, copy in remade(reference, folder):
        if copy is None:
            print(f"not remade: {name} ({BENCHMARKS if name.parts[0] == 'benchmarks' else BY_HAND})")
        else:
            made = copy.is_file()
            found[str(name)] = differences(reference / name, copy) if made else ["is not made any more"]
    different = {name: lines for name, lines in found.items() if lines and not name.endswith(".png")}
    for compared, lines in found.items():
        for line in lines:
            print(f"{'differs' if compared in different else 'not judged'}: {compared}: {line}")
    print(f"{len(found)} files remade, {len(found) - len(different)} with the same numbers")
    return bool(found) and not different


def write(reference: Path, folder: Path) -> list[Path]:
    """Put what was remade and differs into the reference, without the noise of another processor.

    Words of a page count here, too. A figure's pixels are taken where its drawing differs.

    Returns:
        The files that were written, by their names in the reference.
    """
    written = []
    for name, copy in remade(reference, folder):
        old = reference / name
        if copy is None or not copy.is_file() or name.suffix == ".png":
            continue
        before, after = (path.read_text(encoding="utf-8") for path in (old, copy))
        if (text := without_noise(before, after, name.suffix)) == before:
            continue
        write_text(old, text)
        written.append(name)
        if name.suffix == ".svg" and (pixels := copy.with_suffix(".png")).is_file():
            shutil.copyfile(pixels, old.with_suffix(".png"))
    return written


def counterpart(name: Path, folder: Path) -> Path | None:
    """The remade file of a committed one; timelines were picked by hand, from those of all studies.

    The verdict and the page are no part of what is shared, for they may hold a text; those of a reference
    hold none.
    """
    if name.name in (VERDICT, *FILES):
        return folder / "results" / name.name
    if name.parts[0] not in MADE:
        return None
    if name.parts[0] != "timelines":
        return folder / "shared" / name
    made = folder / "results" / "timelines"
    return next(made.glob(f"*/{name.name}"), made / name.name)


if __name__ == "__main__":
    run_script(main)
