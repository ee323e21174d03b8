"""All metrics, by name, in the order of the frames' columns.

To add one, write its function and its entry in the file of its family. Its columns in the frames and files
follow, and so do its column in the tables of studies, with the published figure beside it, and its line in
docs/metrics.md.
"""

from batchscope.results.metrics.energy import ENERGY
from batchscope.results.metrics.label_quality import LABEL_QUALITY
from batchscope.results.metrics.metric import Column, Metric
from batchscope.results.metrics.throughput import THROUGHPUT
from batchscope.results.metrics.utilisation import UTILISATION

METRICS: dict[str, Metric] = {
    metric.name: metric for metric in (*THROUGHPUT, *ENERGY, *LABEL_QUALITY, *UTILISATION)
}


def shown_metrics() -> list[tuple[Metric, Column]]:
    """The metrics that the table of a study shows, from left to right, each with its column there."""
    shown = [(metric, metric.column) for metric in METRICS.values() if metric.column is not None]
    return sorted(shown, key=lambda pair: pair[1].place)
