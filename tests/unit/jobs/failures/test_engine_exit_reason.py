"""How an engine ended, from its exit status and from logs of real engines."""

import pytest
from support.engine_log import engine_log

from batchscope.common.exit_status import CRASHED
from batchscope.jobs.failures.engine_exit_reason import describe_exit, ran_out_of_memory, root_cause
from batchscope.jobs.failures.engine_start_watch import SAYS

ON_A_GPU = """\
(EngineCore pid=9) ERROR 11-22 [core.py:99] EngineCore failed to start.
(EngineCore pid=9) ERROR 11-22 [core.py:99] Traceback (most recent call last):
(EngineCore pid=9) ERROR 11-22 [core.py:99]   File "gpu_worker.py", line 1, in load_model
(EngineCore pid=9) ERROR 11-22 [core.py:99] torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.
Traceback (most recent call last):
  File "llm.py", line 1, in __init__
RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
""".splitlines()

LOST_ITS_CORE = "RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {'EngineCore': -9}"

KV_CACHE = (
    "ValueError: To serve at least one request with the model's max seq len (16384), (0.01 GiB KV cache is"
)


@pytest.mark.parametrize(
    ("name", "begins", "ends"),
    [
        ("kv_cache_too_small", KV_CACHE, "for more details."),
        ("quantization", "ValidationError: 1 validation error for ModelConfig\n  Value error, Unknown", "value_error"),
        ("unknown_argument", "TypeError: EngineArgs.__init__() got an unexpected", "keyword argument 'speed'"),
        ("steps_too_small", "ValidationError: 1 validation error for SchedulerConfig\n  Value error, max", "value_error"),
        ("unknown_flag", "unrecognized arguments", "--max-seq-len 4096"),
        ("port_taken", "PortTakenError: port 54285 on 127.0.0.1", "for any that is free"),
    ],
)  # fmt: skip
def test_the_cause_is_the_whole_message_and_nothing_else(name: str, begins: str, ends: str) -> None:
    cause = root_cause(engine_log(name))
    assert cause is not None
    assert cause.startswith(begins)
    assert cause.endswith(ends)
    assert describe_exit(1, engine_log(name)) == cause


@pytest.mark.parametrize("name", ["told_to_end", "killed_in_mid_run"])
def test_errors_that_follow_from_an_end_are_no_cause(name: str) -> None:
    assert root_cause(engine_log(name)) is None
    assert describe_exit(CRASHED, engine_log(name)) == "a process of the engine crashed or was killed"


def test_what_the_guardian_saw_is_told_where_there_is_no_cause() -> None:
    saw = f"{SAYS}somebody, or something, sent SIGTERM"
    assert describe_exit(CRASHED, [*engine_log("told_to_end"), saw]) == saw.removeprefix(SAYS)
    assert describe_exit(CRASHED, [*engine_log("kv_cache_too_small"), saw]).startswith(KV_CACHE)


def test_the_true_cause_is_not_the_last_error() -> None:
    assert root_cause(ON_A_GPU) == "OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB."
    assert ran_out_of_memory(ON_A_GPU)


@pytest.mark.parametrize(
    ("line", "memory"),
    [
        ("ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization`.", True),
        ("RuntimeError: CUDA error: out of memory", True),
        ("terminate called after throwing an instance of 'std::bad_alloc'", True),
        ("MemoryError: Unable to allocate 3 GiB", True),
        ("ValueError: Free memory on device (2/80 GiB) is less than desired GPU memory utilization", False),
        ("vllm serve: error: unrecognized arguments: --speed high", False),
    ],
)  # fmt: skip
def test_memory_that_ran_out_is_told_from_memory_that_vllm_refuses(line: str, memory: bool) -> None:
    assert ran_out_of_memory(["INFO starting", line]) == memory


def test_a_kv_cache_below_one_request_is_no_lack_of_memory() -> None:
    assert not ran_out_of_memory(engine_log("kv_cache_too_small"))


@pytest.mark.parametrize(
    ("status", "log", "words"),
    [
        (
            1,
            ["TypeError: EngineArgs.__init__() got an unexpected keyword argument 'x'"],
            "unexpected keyword",
        ),
        (2, ["vllm serve: error: unrecognized arguments: --speed high"], "arguments: --speed high"),
        (None, [], "were killed"),
        (
            1,
            [LOST_ITS_CORE],
            "killed (signal 9); most often the kernel did it because memory ran out (vLLM's process",
        ),
        (-9, ["INFO working"], "killed (signal 9)"),
        (-11, ["INFO working"], "SIGSEGV"),
        (3, [], "exit status 3 and no error message"),
    ],
)
def test_every_end_has_a_sentence(status: int | None, log: list[str], words: str) -> None:
    assert words in describe_exit(status, log)
    assert not ran_out_of_memory(log)
