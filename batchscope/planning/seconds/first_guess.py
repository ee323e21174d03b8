"""How long a pass takes where nothing alike has been measured: the cost model, and rates of a known device.

On a GPU it is the roofline with the device's share of its peaks. On CPU four constants stand for the
device: two rates, and seconds for each step and each request, which small models feel. They are those of
the reference machine (`batchscope.planning.seconds.machine_speed`), fitted to the demo's runs.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from batchscope.cost.flops import Architecture, Lengths
from batchscope.cost.gpu_peaks import SIXTEEN_BITS, arithmetic_of, device_named, linear_peak_of, share_of
from batchscope.cost.memory import precision_of
from batchscope.cost.roofline import Engine, Peaks, flops_by_part, predict
from batchscope.cost.scheduler_simulation import Limits, simulate
from batchscope.planning.checks.memory import BATCHED, Sizes, sizes_of
from batchscope.planning.checks.situation import EngineUse
from batchscope.planning.seconds.machine_speed import Machine
from batchscope.planning.seconds.predicted_time import PassTimes, requests_of_run, warmup_of
from batchscope.studies.run import Run

SHARE = 0.5
"""Of a GPU's peaks, where its own share is not known."""

SEQS = {"cpu": 256, "cuda": 1024}
"""Requests in a step, where nothing is asked for."""


@dataclass(frozen=True)
class CpuRates:
    """What a processor does: FLOP/s of matrices and of attention, and seconds beside them."""

    linear: float
    attention: float
    step_s: float
    request_s: float


CPU = CpuRates(linear=45e9, attention=92e9, step_s=0.0055, request_s=0.00012)

HTTP_S = 0.004
"""More for a request to the server, on the reference machine."""


def first_guess(use: EngineUse, run: Run, prompts: int, tokens: int, machine: Machine) -> PassTimes | None:
    """Seconds of a run's warm-up and pass; None where the model's shape, or the device, is not known.

    Args:
        use: its engine.
        run: the run.
        prompts: number in one pass, duplicates counted.
        tokens: of all prompts together.
        machine: what is known of this one.
    """
    sizes = sizes_of(use)
    if sizes is None:
        return None
    requests = requests_of_run(run, prompts, tokens, sizes.block)
    both = (warmup_of(requests, run.measure.warmup_tokens), requests)
    try:
        if use.environment.device == "cpu":
            warmup_s, pass_s = (seconds_on_cpu(sizes.shape, each, limits_of(use, run)) for each in both)
            http = HTTP_S * len(requests) if run.load else 0.0
            return PassTimes(warmup_s / machine.speed, (pass_s + http) / machine.speed)
        engine = gpu_engine(use, sizes, limits_of(use, run), machine.gpu)
        if engine is None:
            return None
        share = guessed_share(use, sizes, machine.gpu)
        warmup_s, pass_s = (predict(engine, each).ideal / share if each else 0.0 for each in both)
        return PassTimes(warmup_s, pass_s)
    except ValueError:
        return None


def guessed_share(use: EngineUse, sizes: Sizes, gpu: str) -> float:
    """Of the GPU's peaks in the engine's arithmetic; where that was not measured, of those in 16 bits."""
    own = arithmetic_of(sizes.dtype, use.args.get("quantization"), use.args.get("kv_cache_dtype"))
    known = share_of(gpu, own) or share_of(gpu, SIXTEEN_BITS)
    return known.value if known else SHARE


def limits_of(use: EngineUse, run: Run) -> Limits:
    """What bounds a step: arguments, else vLLM's defaults for large devices, and the load."""
    device = use.environment.device
    batched = use.args.get("max_num_batched_tokens") or BATCHED
    seqs = use.args.get("max_num_seqs") or SEQS[device]
    under_way = (run.load.max_concurrency if run.load else None) or seqs
    return Limits(batched, min(seqs, batched, under_way))


def seconds_on_cpu(
    shape: Architecture, requests: Sequence[Lengths], limits: Limits, rates: CpuRates = CPU
) -> float:
    """One pass over all requests, on the reference machine."""
    if not requests:
        return 0.0
    steps = simulate(requests, limits)
    flops = flops_by_part(shape, steps).sum()
    attention = float(flops["prefill_attention"] + flops["decode_attention"])
    linear = float(flops.sum()) - attention
    beside = rates.step_s * len(steps) + rates.request_s * len(requests)
    return linear / rates.linear + attention / rates.attention + beside


def gpu_engine(use: EngineUse, sizes: Sizes, limits: Limits, gpu: str) -> Engine | None:
    """An engine as the roofline takes it; None where the GPU's figures are not known."""
    device, dtype = device_named(gpu), sizes.dtype
    quantization, kv_dtype = use.args.get("quantization"), use.args.get("kv_cache_dtype")
    peak = linear_peak_of(device, dtype, quantization) if device else None
    precision = precision_of(dtype, quantization, kv_dtype)
    if device is None or peak is None or precision is None:
        return None
    count = sizes.gpus
    peaks = Peaks(peak * count, device.bits16 * count, device.bandwidth * count)
    return Engine(sizes.shape, precision, limits, peaks)
