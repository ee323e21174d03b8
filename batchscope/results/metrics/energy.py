"""What the GPUs took; the host's energy is in none of these. Those of right labels are in `label_quality`."""

import math

from batchscope.results.metrics.metric import Column, Metric
from batchscope.results.records import Repeat, RunRecord


def joules_per_text(run: RunRecord, repeat: Repeat) -> float:
    """Energy of one text in joules; NaN on CPU, and where the window was too short to tell."""
    return math.nan if repeat.energy_j is None else repeat.energy_j / run.measurement.texts


ENERGY = (
    Metric(
        name="joules_per_text",
        label="GPU energy",
        unit="J/text",
        formula="joules that the GPUs took in the timed window / (texts x duplicates)",
        source="this project; joules as NVML's energy counter has them",
        of=joules_per_text,
        better="lower",
        column=Column(90, "J/text"),
    ),
)
