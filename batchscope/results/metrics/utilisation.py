"""How much of what the device could do was used."""

import math

from batchscope.results.cost_inputs import flops_of, peak_flops
from batchscope.results.metrics.metric import Column, Metric
from batchscope.results.records import Repeat, RunRecord


def mfu(run: RunRecord, repeat: Repeat) -> float:
    """Model FLOP/s over the GPUs' peak, as a share; NaN where the model's shape or the GPU is not known."""
    flops, peak = flops_of(run), peak_flops(run)
    return math.nan if flops is None or peak is None else flops / repeat.seconds / peak


UTILISATION = (
    Metric(
        name="mfu",
        label="Share of peak FLOP/s",
        unit="MFU",
        formula="FLOP of the model / seconds / peak FLOP/s of the GPUs at the run's precision; "
        "tokens from the prefix cache cost none",
        source="model FLOPs utilisation: Chowdhery et al., PaLM (2022), appendix B",
        of=mfu,
        column=Column(80, "MFU (%)", digits=1, percent=True),
    ),
)
