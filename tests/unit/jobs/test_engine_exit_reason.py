"""How an engine ended, from logs of the kinds that vLLM writes."""

import pytest

from batchscope.jobs.engine_exit_reason import describe_exit, ran_out_of_memory, root_cause

WRAPPED = """\
(EngineCore pid=9) ERROR 11-22 [core.py:99] EngineCore failed to start.
(EngineCore pid=9) ERROR 11-22 [core.py:99] torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.
Traceback (most recent call last):
RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
""".splitlines()


def test_the_true_cause_is_not_the_last_error() -> None:
    assert root_cause(WRAPPED) == "OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
    assert ran_out_of_memory(WRAPPED)


@pytest.mark.parametrize(
    "line",
    [
        "ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`.",
        "ValueError: To serve at least one request, 16.00 GiB KV cache is needed, which is larger than the available KV cache memory (1.0 GiB).",
        "RuntimeError: CUDA error: out of memory",
    ],
)
def test_memory_is_recognised(line: str) -> None:
    assert ran_out_of_memory(["INFO starting", line])


@pytest.mark.parametrize(
    ("status", "log", "words"),
    [
        (
            1,
            ["TypeError: EngineArgs.__init__() got an unexpected keyword argument 'x'"],
            "unexpected keyword",
        ),
        (-9, ["INFO working"], "killed (signal 9)"),
        (-11, ["INFO working"], "SIGSEGV"),
        (3, [], "exit status 3 and no error message"),
    ],
)
def test_every_end_has_a_sentence(status: int, log: list[str], words: str) -> None:
    assert words in describe_exit(status, log)
    assert not ran_out_of_memory(log)
