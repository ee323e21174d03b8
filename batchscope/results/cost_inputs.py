"""What a run's requests made the model compute, and what its GPUs could have done at most."""

from typing import Any

from batchscope.cost.flops import Architecture, Lengths, architecture_from, run_flops
from batchscope.cost.gpu_peaks import (
    Device,
    arithmetic_of,
    device_named,
    has_known_cache,
    linear_peak_of,
    peak_of,
)
from batchscope.cost.memory import GpuMemory, Precision, kv_bytes, kv_capacity, precision_of, tokens_in
from batchscope.cost.roofline import Engine, Peaks
from batchscope.cost.scheduler_simulation import Limits
from batchscope.results.records import RunRecord

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


def setting_of(run: RunRecord, key: str) -> Any:
    """An engine argument in force, else as asked for; None where neither is known."""
    resolved = run.measurement.engine.resolved.get(key)
    return run.measurement.spec.engine.args.get(key) if resolved is None else resolved


def mean_lengths(run: RunRecord) -> list[Lengths]:
    """Requests of one pass, all of nearly one length: what is known where there is no table of them."""
    measured, prompts = run.measurement, run.measurement.prompts
    repeat = measured.repeats[0] if measured.repeats else None
    count = repeat.requests if repeat else prompts.prompts
    asked = prompts.labels * measured.spec.workload.planned_tokens_per_text
    totals = (
        repeat.prompt_tokens if repeat else prompts.prompt_tokens,
        repeat.cached_tokens if repeat else 0,
        repeat.output_tokens if repeat else asked,
    )
    return [Lengths(*(_part(total, count, index) for total in totals)) for index in range(count)]


def _part(total: int, count: int, index: int) -> int:
    """A total's share for one of ``count``, as whole numbers that add up to it."""
    return total // count + (index < total % count)


def run_precision(run: RunRecord) -> Precision | None:
    """Widths of weights and KV cache; None where the engine did not say, or one is not known."""
    resolved = run.measurement.engine.resolved
    if "quantization" not in resolved:
        return None
    return precision_of(resolved.get("dtype"), resolved["quantization"], resolved.get("kv_cache_dtype"))


def peaks_of(run: RunRecord) -> Peaks | None:
    """Peaks of all GPUs of a run together; None where the device, or the arithmetic, is not known.

    Attention is given the 16-bit peak, whatever the KV cache holds: with 8 bits there some kernels compute it
    in 8, which the constant of this arithmetic takes in (`arithmetic_of_run`).
    """
    device, resolved = device_of(run), run.measurement.engine.resolved
    if device is None or "quantization" not in resolved:
        return None
    dtype, gpus = resolved.get("dtype"), gpus_of(run)
    linear = linear_peak_of(device, dtype, resolved["quantization"])
    if linear is None or not has_known_cache(dtype, resolved.get("kv_cache_dtype")):
        return None
    return Peaks(linear * gpus, device.bits16 * gpus, device.bandwidth * gpus)


def arithmetic_of_run(run: RunRecord) -> str:
    """What the run's constant holds for (`batchscope.cost.gpu_peaks.arithmetic_of`)."""
    return arithmetic_of(*(setting_of(run, key) for key in ("dtype", "quantization", "kv_cache_dtype")))


def engine_of(run: RunRecord) -> Engine | None:
    """What a prediction needs; None where it is not known, or where one scheduler does not see all requests.

    Pipeline and data parallel engines are such: `batchscope.cost.scheduler_simulation` has one scheduler and
    one stage.
    """
    model, precision = architecture_of(run), run_precision(run)
    batched, seqs = setting_of(run, "max_num_batched_tokens"), setting_of(run, "max_num_seqs")
    spread = gpus_of(run) != (setting_of(run, "tensor_parallel_size") or 1)
    if model is None or precision is None or batched is None or seqs is None or spread:
        return None
    kv_tokens = setting_of(run, "kv_cache_tokens") or kv_tokens_of(run)
    limits = Limits(batched, seqs, kv_tokens, bool(setting_of(run, "async_scheduling")))
    return Engine(model, precision, limits, peaks_of(run))


def kv_tokens_of(run: RunRecord) -> int | None:
    """Predicted KV cache in tokens; None where memory, model or precision is not known.

    Exact where the run says how large the KV cache is, else partly estimated (`memory.kv_capacity`).
    """
    model, precision, gpu = architecture_of(run), run_precision(run), run.environment.gpu
    if model is None or precision is None:
        return None
    gpus, block = setting_of(run, "tensor_parallel_size") or 1, setting_of(run, "block_size") or 16
    if size := kv_size_asked(run):
        return tokens_in(size, kv_bytes(model, precision, gpus), block)
    batched, share = setting_of(run, "max_num_batched_tokens"), setting_of(run, "gpu_memory_utilization")
    if gpu is None or gpu.memory_bytes is None or batched is None or share is None:
        return None
    memory = GpuMemory(gpu.memory_bytes, share)
    return kv_capacity(model, precision, memory, batched, block_size=block, gpus=gpus).tokens


def kv_size_asked(run: RunRecord) -> int | None:
    """The KV cache's size in bytes, where the run sets it."""
    size: int | None = run.measurement.spec.engine.args.get("kv_cache_memory_bytes")
    return size
