"""What GPUs can do at most (dense peaks and memory bandwidth of data sheets), and how much they reach.

Devices go by the names that NVML gives. Data sheets print most peaks "with sparsity"; here is half of those,
for dense matrices. Nothing is predicted for a device that is not listed.
"""

from dataclasses import dataclass

from batchscope.cost.memory import EIGHT_BITS, FP8_WEIGHTS

TERA, GIGA = 1e12, 1e9

CLOCK_MARGIN = 1.1
"""Only a rate above the peak by this factor is impossible. Data sheets assume a boost clock that cards may
exceed: an H200's 989 TFLOP/s are those of 1,830 MHz, and it can run at 1,980 MHz (8 % more)."""


@dataclass(frozen=True)
class Device:
    """Dense peaks in FLOP/s (int8: operations/s), bandwidth in bytes/s; None: no hardware for that type."""

    bits16: float
    """bfloat16 and float16, accumulated in float32"""
    bandwidth: float
    source: str
    fp8: float | None = None
    int8: float | None = None
    fp4: float | None = None

    @property
    def highest(self) -> float:
        """The peak at whatever precision is fastest."""
        return max(peak for peak in (self.bits16, self.fp8, self.int8, self.fp4) if peak is not None)


def _device(  # one line a device: TFLOP/s and GB/s, as data sheets have them
    source: str,
    bits16: float,
    gigabytes: float,
    *,
    fp8: float | None = None,
    int8: float | None = None,
    fp4: float | None = None,
) -> Device:
    eight, integer, four = (peak and peak * TERA for peak in (fp8, int8, fp4))
    return Device(bits16 * TERA, gigabytes * GIGA, source, eight, integer, four)


_H100 = "NVIDIA H100 Tensor Core GPU data sheet (1,979 and 3,958 with sparsity; PCIe 1,513; NVL 1,671)"
_H200 = "NVIDIA H200 Tensor Core GPU data sheet (1,979 and 3,958 with sparsity; NVL 1,671 and 3,341)"
_H800 = "NVIDIA H800 data sheet: the H100's figures, but for float64 and NVLink"
_A100 = "NVIDIA A100 Tensor Core GPU data sheet (312; bandwidth by variant)"
_A800 = "NVIDIA A800 data sheet: the A100's figures, but for NVLink"

DEVICES: dict[str, Device] = {
    "NVIDIA B200": _device(
        "NVIDIA HGX B200 data sheet, an eighth of it (4.5, 9 and 18 PFLOP/s with sparsity)",
        2250,
        8000,
        fp8=4500,
        int8=4500,
        fp4=9000,
    ),
    "NVIDIA H200": _device(_H200, 989.5, 4800, fp8=1979, int8=1979),
    "NVIDIA H200 NVL": _device(_H200, 835.5, 4800, fp8=1670.5, int8=1670.5),
    "NVIDIA GH200 480GB": _device(
        "NVIDIA GH200 Grace Hopper Superchip data sheet (96 GB HBM3)", 989.5, 4000, fp8=1979, int8=1979
    ),
    "NVIDIA H100 80GB HBM3": _device(_H100, 989.5, 3350, fp8=1979, int8=1979),
    "NVIDIA H100 PCIe": _device(_H100, 756.5, 2000, fp8=1513, int8=1513),
    "NVIDIA H100 NVL": _device(_H100, 835.5, 3900, fp8=1670.5, int8=1670.5),
    "NVIDIA H800": _device(_H800, 989.5, 3350, fp8=1979, int8=1979),
    "NVIDIA H800 PCIe": _device(_H800, 756.5, 2000, fp8=1513, int8=1513),
    "NVIDIA A100-SXM4-40GB": _device(_A100, 312, 1555, int8=624),
    "NVIDIA A100-SXM4-80GB": _device(_A100, 312, 2039, int8=624),
    "NVIDIA A100-PCIE-40GB": _device(_A100, 312, 1555, int8=624),
    "NVIDIA A100 80GB PCIe": _device(_A100, 312, 1935, int8=624),
    "NVIDIA A800-SXM4-80GB": _device(_A800, 312, 2039, int8=624),
    "NVIDIA A800 80GB PCIe": _device(_A800, 312, 1935, int8=624),
    "NVIDIA A30": _device("NVIDIA A30 Tensor Core GPU data sheet", 165, 933, int8=330),
    "NVIDIA A40": _device("NVIDIA A40 data sheet", 149.7, 696, int8=299.3),
    "NVIDIA A10": _device("NVIDIA A10 Tensor Core GPU data sheet", 125, 600, int8=250),
    "NVIDIA L4": _device("NVIDIA L4 data sheet (242 and 485 with sparsity)", 121, 300, fp8=242.5, int8=242.5),
    "NVIDIA L40": _device("NVIDIA L40 data sheet", 181, 864, fp8=362, int8=362),
    "NVIDIA L40S": _device("NVIDIA L40S data sheet", 362, 864, fp8=733, int8=733),
    "NVIDIA GeForce RTX 3090": _device("NVIDIA GA102 white paper, appendix A", 71, 936, int8=284),
    "NVIDIA GeForce RTX 4090": _device(
        "NVIDIA Ada GPU architecture white paper, appendix A (fp8 accumulated in float16)",
        165.2,
        1008,
        fp8=660.6,
        int8=660.6,
    ),
    "NVIDIA GeForce RTX 5090": _device(
        "NVIDIA RTX Blackwell GPU architecture white paper, appendix A (fp8 accumulated in float16)",
        209.5,
        1792,
        fp8=838,
        int8=838,
        fp4=1676,
    ),
    "Tesla T4": _device("NVIDIA T4 data sheet", 65, 320, int8=130),
}


@dataclass(frozen=True)
class Share:
    """How much of its peaks a device reaches when vLLM runs a dense decoder, and how that is known."""

    value: float
    source: str


SIXTEEN_BITS = "16 bits"
"""Arithmetic of bfloat16 and float16."""

_IN_8_BITS = (
    "median of the 2 runs with it in docs/reference/{}: an 8B model, vLLM 0.26.0, torch 2.11.0, driver "
    "580.159.04, 2026-11-29"
)
_ONE_IN_8_BITS = _IN_8_BITS.format("h200-precision")
_BOTH_IN_8_BITS = _IN_8_BITS.format("h200-precision-kv")
"""Weights or the KV cache in 8 bits, and both."""

SHARES: dict[tuple[str, str], Share] = {
    ("NVIDIA H200", SIXTEEN_BITS): Share(
        0.630,
        "median of the 11 runs in docs/reference/h200: an 8B model in bfloat16, vLLM 0.26.0, torch 2.11.0, "
        "driver 580.159.04, 2026-11-22",
    ),
    ("NVIDIA H200", "fp8_per_tensor"): Share(0.524, _ONE_IN_8_BITS),
    ("NVIDIA H200", "fp8_per_channel"): Share(0.520, _ONE_IN_8_BITS),
    ("NVIDIA H200", "fp8_per_block"): Share(0.500, _ONE_IN_8_BITS),
    ("NVIDIA H200", f"{SIXTEEN_BITS}, KV cache fp8"): Share(0.643, _ONE_IN_8_BITS),
    ("NVIDIA H200", "fp8_per_tensor, KV cache fp8"): Share(0.507, _BOTH_IN_8_BITS),
    ("NVIDIA H200", "fp8_per_channel, KV cache fp8"): Share(0.503, _BOTH_IN_8_BITS),
    ("NVIDIA H200", "fp8_per_block, KV cache fp8"): Share(0.490, _BOTH_IN_8_BITS),
    ("NVIDIA H100 80GB HBM3", SIXTEEN_BITS): Share(
        0.625,
        "median of the 11 runs of packing and saturation in docs/reference/h100: an 8B model in bfloat16, "
        "vLLM 0.26.0, torch 2.11.0, driver 580.159.04, 2026-11-26",
    ),
}
"""The constant ``share`` of `batchscope.cost.roofline`, by device and arithmetic: those that were measured.

Each is the median, over valid runs, of ideal seconds over measured ones (`batchscope.reports.cost.frame`).
"""


def share_of(device: str, arithmetic: str) -> Share | None:
    """How much of its peaks a device reaches in this arithmetic (`arithmetic_of`); None: not measured."""
    return SHARES.get((device, arithmetic))


def arithmetic_of(dtype: str | None, quantization: str | None, kv_dtype: str | None) -> str:
    """What a constant holds for: the layers' products, and the KV cache where it is narrower.

    Kernels differ between the ways to quantize, and so does the share of the peak that they reach. So each
    has a name of its own, such as ``fp8_per_block``, or ``16 bits, KV cache fp8``.

    Args:
        dtype: of weights and activations.
        quantization: vLLM's name of the scheme; None for none.
        kv_dtype: of the KV cache; None and auto: that of the activations.
    """
    plain = SIXTEEN_BITS if dtype in (None, "bfloat16", "float16") else dtype
    weights = plain if quantization is None else quantization
    return f"{weights}, KV cache {kv_dtype}" if kv_dtype not in (None, "auto", dtype) else weights


def device_named(name: str) -> Device | None:
    """The device with this NVML name; None where its figures are not known (MIG slices among them)."""
    return DEVICES.get(name)


def peak_of(
    device: Device, dtype: str | None, quantization: str | None, kv_dtype: str | None
) -> float | None:
    """Peak in FLOP/s of the arithmetic in which a model runs; None where it is not known which one that is.

    Args:
        device: the GPU.
        dtype: of weights and activations, such as bfloat16.
        quantization: vLLM's name of the scheme; None for none. Only those of fp8 name their arithmetic.
        kv_dtype: of the KV cache. With 8 bits, attention may compute in 8 bits; the rest does not.
    """
    if kv_dtype not in (None, "auto", dtype):
        return None
    return linear_peak_of(device, dtype, quantization)


def linear_peak_of(device: Device, dtype: str | None, quantization: str | None) -> float | None:
    """As `peak_of`, of the layers' products alone, for which the KV cache's type does not matter."""
    if dtype not in ("bfloat16", "float16"):
        return None
    if quantization is None:
        return device.bits16
    return device.fp8 if quantization in FP8_WEIGHTS else None


def has_known_cache(dtype: str | None, kv_dtype: str | None) -> bool:
    """Whether the KV cache is of a type for which attention's time can be told: 16 bits, or 8."""
    return kv_dtype in (None, "auto", dtype, *EIGHT_BITS)
