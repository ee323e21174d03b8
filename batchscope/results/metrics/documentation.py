"""The page docs/metrics.md, written from the metrics themselves."""

from batchscope.results.metrics.metric import Metric
from batchscope.results.metrics.registry import METRICS

TITLE = """# Metrics

Written by `make config` from `batchscope/results/metrics/`: change a metric there, and no line here.
Each is a figure of one timed pass (a repeat). A run's figure is the geometric mean of its repeats, with a
95 % interval where there are repeats enough ([statistics.md](statistics.md)). It is empty where it is not
known, or where one repeat lacks it; those made of labels are empty with random weights too.

"""

HEADINGS = ("metric", "is", "unit", "formula", "definition of", "better", "in the tables of studies as")


def metrics_page() -> str:
    """The page as Markdown: one line a metric, in the order of the files' columns."""
    rows = [HEADINGS, ("---",) * len(HEADINGS), *(_cells(metric) for metric in METRICS.values())]
    return TITLE + "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _cells(metric: Metric) -> tuple[str, ...]:
    return (
        f"`{metric.name}`",
        metric.label,
        metric.unit,
        metric.formula,
        metric.source,
        metric.better,
        metric.column.heading if metric.column else "",
    )
