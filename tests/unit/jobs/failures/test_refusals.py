"""Whether an engine that did not start said no, or broke, from logs of real engines and from single errors."""

import pytest
from support.engine_log import engine_log

from batchscope.jobs.failures.refusals import says_no


def log_with(error: str) -> list[str]:
    return ["Traceback (most recent call last):", '  File "llm.py", line 1, in __init__', *error.splitlines()]


@pytest.mark.parametrize(
    ("name", "no"),
    [
        ("kv_cache_too_small", True),
        ("quantization", True),
        ("steps_too_small", True),
        ("unknown_argument", True),
        ("unknown_flag", True),
        ("port_taken", False),
        ("told_to_end", False),
        ("killed_in_mid_run", False),
    ],
)
def test_logs_of_real_engines(name: str, no: bool) -> None:
    assert says_no(engine_log(name)) == no


@pytest.mark.parametrize(
    ("error", "no"),
    [
        ("NotImplementedError: FP8 KV cache on CPU requires x86 with AVX-512 or AMX.", True),
        ("ValueError: fp8 quantization is currently not supported in cpu.", True),
        ("vllm.exceptions.VLLMValidationError: no", True),
        ("pydantic_core._pydantic_core.ValidationError: 1 validation error for CacheConfig", True),
        (
            "pydantic_core._pydantic_core.ValidationError: 1 validation error for VllmConfig\n"
            "  Value error, Unsupported connector type: Nope [type=value_error, "
            "input_value=ArgsKwargs((), {'shutdown_timeout': 0, 'x': 'timed out'}), input_type=ArgsKwargs]",
            True,
        ),
        ("ValueError: the handshake timed out", False),
        ("RuntimeError: CUDA error: an illegal memory access was encountered", False),
        ("torch.AcceleratorError: CUDA error: an illegal memory access was encountered", False),
        ("AssertionError", False),
        ("ModuleNotFoundError: No module named 'flashinfer'", False),
        ("OSError: [Errno 98] Address already in use", False),
        ("ValueError: Free memory on device cuda:0 (2/80 GiB) on startup is less than desired", False),
    ],
)
def test_an_error_s_kind_tells_a_refusal_from_a_failure(error: str, no: bool) -> None:
    assert says_no(log_with(error)) == no
