"""Writes the report on imported results."""

from batchscope.common.atomic_files import replacing
from batchscope.common.errors import UserError
from batchscope.reporting.write_files import write_csv, write_page
from batchscope.reports.imported.frame import imported_frame
from batchscope.reports.imported.ours import our_runs
from batchscope.reports.imported.page import TITLE, imported_page
from batchscope.reports.report_job import ReportJob
from batchscope.results.imported.formats import read_imported


def write_report(job: ReportJob) -> str:
    """Write ``imported.md``, ``.html``, ``.csv`` and ``.parquet``, and say what was written.

    Raises:
        UserError: nothing is imported, or a file cannot be read.
    """
    config = job.config
    files = [read_imported(name, file) for name, file in config.active_imports.items()]
    if not files:
        raise UserError(
            "imported: names no result file of another benchmark; write imported: {theirs: {path: FILE}}"
        )
    ours = our_runs(job.results, list(config.serving.active_studies))
    frame = imported_frame(files, ours, config.models)
    write_page(imported_page(frame), job.table(TITLE))
    write_csv(frame, job.table(TITLE))
    with replacing(job.table(f"{TITLE}.parquet")) as path:
        frame.to_parquet(path, index=False)
    return f"{len(frame)} measurements of {len(files)} files in {job.table(TITLE)}.md"
