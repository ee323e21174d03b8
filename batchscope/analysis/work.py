"""What a run's requests made the model compute, and what its GPUs could have done at most."""

from batchscope.analysis.records import RunRecord
from batchscope.devices import Device, device_named, peak_of
from batchscope.flops import Architecture, Lengths, architecture_from, run_flops

PARALLEL = ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size")
"""Engine arguments whose product is the number of GPUs."""


def architecture_of(run: RunRecord) -> Architecture | None:
    """The model's shape; None where it is not known."""
    return architecture_from(run.measurement.architecture)


def lengths_of(run: RunRecord, repeat: int) -> list[Lengths]:
    """The requests of one repeat (from 0), in the order of the file; none where there is no such table."""
    if run.requests.empty:
        return []
    rows = run.requests[run.requests["repeat"] == repeat]
    columns = (rows[name].tolist() for name in ("prompt_tokens", "cached_tokens", "output_tokens"))
    return [Lengths(*row) for row in zip(*columns, strict=True)]


def flops_of(run: RunRecord) -> int | None:
    """FLOP of one repeat, from the lengths of the first; None where shape or lengths are not known."""
    model, requests = architecture_of(run), lengths_of(run, 0)
    return run_flops(model, requests) if model and requests else None


def device_of(run: RunRecord) -> Device | None:
    """The GPU's figures; None on CPU and for a GPU that is not known."""
    gpu = run.environment.gpu
    return device_named(gpu.name) if gpu else None


def gpus_of(run: RunRecord) -> int:
    """GPUs that the engine was spread over."""
    count = 1
    for key in PARALLEL:
        count *= run.measurement.spec.engine.args.get(key) or 1
    return count


def peak_flops(run: RunRecord) -> float | None:
    """Peak of the run's arithmetic in FLOP/s, over all of its GPUs; None where it is not known."""
    device, resolved = device_of(run), run.measurement.engine.resolved
    if device is None or "quantization" not in resolved:
        return None
    each = peak_of(device, resolved.get("dtype"), resolved["quantization"], resolved.get("kv_cache_dtype"))
    return each and each * gpus_of(run)


def ceiling_flops(run: RunRecord) -> float | None:
    """What no run on its GPUs can exceed, in FLOP/s: its arithmetic's peak, or the highest if not known."""
    device = device_of(run)
    return (peak_flops(run) or device.highest * gpus_of(run)) if device else None
