"""The kernels that are compared: each prepares its weights and returns what is to be timed, or refuses.

Quantizing activations is not timed: of the dense 8-bit kernel as little as of the sparse ones. What a kernel
needs of its weights (compressing, quantizing, looking for its best algorithm) comes before the clock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

import torch
from torch.nn import functional

from batchscope.worker.gemm.operands import Operands, to_fp8

Call = Callable[[int], torch.Tensor]
"""One product, with the copy of the weights of this number."""


class RefusedError(Exception):
    """This kernel cannot run here; the message says why."""


@dataclass(frozen=True)
class Ready:
    """A kernel with its weights."""

    call: Call
    scale: torch.Tensor | float = 1.0
    """what the result is still to be multiplied with, outside the timing"""
    is_transposed: bool = False
    """whether the result is [outputs, tokens]"""
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Kernel:
    """One way to multiply."""

    name: str
    precision: str
    """of its operands: float32, bfloat16 or fp8"""
    sparse: bool
    """whether it takes 2:4 weights, and leaves out the products with their zeros"""
    prepare: Callable[[Operands], Ready]
    needs_gpu: bool = True


def _copies(weight: torch.Tensor, count: int) -> list[torch.Tensor]:
    return [weight, *(weight.clone() for _ in range(count - 1))]


def _dense(operands: Operands, dtype: torch.dtype) -> Ready:
    tokens, weights = operands.tokens.to(dtype), _copies(operands.dense.to(dtype), operands.copies)
    return Ready(lambda number: functional.linear(tokens, weights[number]))


def dense_float32(operands: Operands) -> Ready:
    """PyTorch's own product in float32; a GPU would take its slow units for it."""
    if operands.device != "cpu":
        raise RefusedError("compared on CPU alone: no engine here computes in float32 on a GPU")
    return _dense(operands, torch.float32)


def dense_bf16(operands: Operands) -> Ready:
    """PyTorch's own product, on a GPU cuBLAS."""
    return _dense(operands, torch.bfloat16)


def dense_fp8(operands: Operands) -> Ready:
    """``torch._scaled_mm``, cuBLASLt: one scale for all activations, one for all weights, bfloat16 out."""
    tokens, token_scale = to_fp8(operands.tokens)
    weight, weight_scale = to_fp8(operands.dense)
    weights = [each.t() for each in _copies(weight, operands.copies)]

    def call(number: int) -> torch.Tensor:
        return torch._scaled_mm(
            tokens,
            weights[number],
            scale_a=token_scale,
            scale_b=weight_scale,
            out_dtype=torch.bfloat16,
            use_fast_accum=True,
        )

    return Ready(call)


def sparse24_bf16(operands: Operands) -> Ready:
    """PyTorch's way to cuSPARSELt, by the algorithm that its own search finds fastest for this shape."""
    return _cusparselt(operands.tokens, operands.pruned, operands.copies)


def sparse24_fp8(operands: Operands) -> Ready:
    """The same in 8 bits with bfloat16 out; the two scales are applied outside the timing."""
    tokens, token_scale = to_fp8(operands.tokens)
    weight, weight_scale = to_fp8(operands.pruned)
    ready = _cusparselt(tokens, weight, operands.copies, out_dtype=torch.bfloat16)
    return Ready(ready.call, token_scale * weight_scale, ready.is_transposed, ready.notes)


def _cusparselt(
    tokens: torch.Tensor, weight: torch.Tensor, copies: int, out_dtype: torch.dtype | None = None
) -> Ready:
    if not torch.backends.cusparselt.is_available():
        raise RefusedError("this PyTorch has no cuSPARSELt")
    columns = tokens.t()
    packed = [torch._cslt_compress(each) for each in _copies(weight, copies)]
    tried: list[str] = []
    # a result of [tokens, outputs], as the next layer wants it, where the library writes one
    for turned in (True, False):
        out: dict[str, Any] = {"transpose_result": turned, "out_dtype": out_dtype}
        try:
            algorithm = _search(packed[0], columns, **out)
            call = partial(_multiply, packed, columns, {**out, **algorithm})
            call(0)
        except RuntimeError as error:
            tried.append(str(error).splitlines()[0])
        else:
            notes = {**algorithm, "cusparselt": torch.backends.cusparselt.version()}
            return Ready(call, is_transposed=not turned, notes=notes)
    raise RefusedError(f"cuSPARSELt refuses: {'; '.join(dict.fromkeys(tried))}")


def _multiply(
    packed: Sequence[torch.Tensor], columns: torch.Tensor, options: dict[str, Any], number: int
) -> torch.Tensor:
    return torch._cslt_sparse_mm(packed[number], columns, **options)


def _search(
    packed: torch.Tensor, columns: torch.Tensor, *, transpose_result: bool, out_dtype: torch.dtype | None
) -> dict[str, int]:
    """The fastest algorithm for this product by cuSPARSELt's own search, and how it splits the inner sum."""
    newer = getattr(getattr(torch._C, "_cusparselt", None), "mm_search", None)
    if newer is not None:
        algorithm, split_k, mode, _ = newer(packed, columns, None, None, out_dtype, transpose_result)
        return {"alg_id": int(algorithm), "split_k": int(split_k), "split_k_mode": int(mode)}
    found = torch._cslt_sparse_mm_search(
        packed, columns, out_dtype=out_dtype, transpose_result=transpose_result
    )
    return {"alg_id": int(found)}


def sparse24_fp8_torchao(operands: Operands) -> Ready:
    """The CUTLASS kernel of torchao: it scales each token and each row of weights."""
    try:
        import_module("torchao")  # loads its kernels
        ops = import_module("torchao.ops")
        compress = ops.to_sparse_semi_structured_cutlass_sm9x_f8
        multiply = ops.rowwise_scaled_linear_sparse_cutlass_f8f8
    except (ImportError, AttributeError) as error:
        raise RefusedError(f"torchao is not installed here, or without this kernel ({error})") from None
    tokens, token_scale = to_fp8(operands.tokens, by_row=True)
    weight, weight_scale = to_fp8(operands.pruned, by_row=True)
    packed = [compress(each) for each in _copies(weight, operands.copies)]

    def call(number: int) -> torch.Tensor:
        values, places = packed[number]
        result: torch.Tensor = multiply(
            tokens, token_scale, values, places, weight_scale, None, torch.bfloat16
        )
        return result

    return Ready(call)


def sparse24_bf16_vllm(operands: Operands) -> Ready:
    """The CUTLASS kernel of vLLM, which it had up to 0.18.1."""
    one = torch.ones(1, device=operands.tokens.device)
    return _vllm(operands.tokens, operands.pruned, one, one, operands.copies)


def sparse24_fp8_vllm(operands: Operands) -> Ready:
    """The same in 8 bits: one scale for all activations, one for all weights."""
    tokens, token_scale = to_fp8(operands.tokens)
    weight, weight_scale = to_fp8(operands.pruned)
    return _vllm(tokens, weight, token_scale.reshape(1), weight_scale.reshape(1), operands.copies)


def _vllm(
    tokens: torch.Tensor,
    weight: torch.Tensor,
    token_scale: torch.Tensor,
    weight_scale: torch.Tensor,
    copies: int,
) -> Ready:
    try:
        ops = import_module("vllm._custom_ops")
        compress, multiply = ops.cutlass_sparse_compress, ops.cutlass_scaled_sparse_mm
    except (ImportError, AttributeError):
        raise RefusedError("this vLLM has no 2:4 kernels; 0.18.1 was the last that had them") from None
    packed = [compress(each) for each in _copies(weight, copies)]

    def call(number: int) -> torch.Tensor:
        values, places = packed[number]
        result: torch.Tensor = multiply(tokens, values, places, token_scale, weight_scale, torch.bfloat16)
        return result

    return Ready(call)


KERNELS = (
    Kernel("dense float32", "float32", sparse=False, prepare=dense_float32, needs_gpu=False),
    Kernel("dense bfloat16", "bfloat16", sparse=False, prepare=dense_bf16, needs_gpu=False),
    Kernel("dense fp8", "fp8", sparse=False, prepare=dense_fp8),
    Kernel("2:4 bfloat16, cuSPARSELt", "bfloat16", sparse=True, prepare=sparse24_bf16),
    Kernel("2:4 fp8, cuSPARSELt", "fp8", sparse=True, prepare=sparse24_fp8),
    Kernel("2:4 fp8, torchao CUTLASS", "fp8", sparse=True, prepare=sparse24_fp8_torchao),
    Kernel("2:4 bfloat16, vLLM CUTLASS", "bfloat16", sparse=True, prepare=sparse24_bf16_vllm),
    Kernel("2:4 fp8, vLLM CUTLASS", "fp8", sparse=True, prepare=sparse24_fp8_vllm),
)
"""All that are tried, wherever they run."""
