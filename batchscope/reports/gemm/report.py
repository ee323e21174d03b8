"""Writes the report on matrix products: dense and 2:4 kernels on the models' linear layers."""

from batchscope.reporting.write_files import write_csv, write_figure, write_page
from batchscope.reports.gemm.figure import gemm_figure
from batchscope.reports.gemm.frame import gemm_frame, load_products
from batchscope.reports.gemm.page import TITLE, gemm_page
from batchscope.reports.report_job import ReportJob


def write_report(job: ReportJob) -> str:
    """Write ``gemm.md``, ``.html``, ``.csv``, ``.png`` and ``.svg``, and say what was written.

    Raises:
        UserError: a file of measurements is missing or damaged.
    """
    models = load_products([job.results / "gemm" / f"{name}.json" for name in job.config.gemm.models])
    frame = gemm_frame(models)
    page = gemm_page(models, frame)
    write_page(page, job.table(TITLE))
    write_csv(frame, job.table(TITLE))
    write_figure(gemm_figure(frame, page.context), job.plot(TITLE))
    return f"{len(models)} models in {job.table(TITLE)}.md and {job.plot(TITLE)}.png"
