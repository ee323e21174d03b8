"""Whether the GPUs that runs need are there and free."""

import os
from collections.abc import Iterator, Sequence

from batchscope.common.errors import UserError
from batchscope.common.nvml import open_nvml
from batchscope.jobs.device_lock import device_is_free, gpus_in_reach
from batchscope.planning.checks.gpu_facts import Gpu, visible_gpus
from batchscope.planning.checks.memory import share_of
from batchscope.planning.checks.situation import EngineUse, Situation
from batchscope.planning.problems import Finding, Problem, Unchecked, problem_from


def check(situation: Situation) -> Iterator[Finding]:
    """Each engine that needs GPUs; and another workflow that has the device now."""
    if situation.elsewhere:
        return
    on_gpus = [use for use in situation.engines if use.gpus]
    seen = len(gpus_in_reach(open_nvml())) if on_gpus else 0
    for use in on_gpus:
        yield from too_few(use, seen)
    most = max((use.gpus for use in on_gpus), default=0)
    if on_gpus and most <= seen:
        yield from locked("gpus", "cuda", most) or in_use(on_gpus, visible_gpus(), most)
    if len(on_gpus) < len(situation.engines):
        yield from core_sets_that_do_not_serve(situation)
        yield from locked("this machine", "cpu", 1)


WAITS = "another run measures here at this moment; this call waits until that has ended"


def locked(where: str, device: str, count: int) -> list[Finding]:
    """A device that another run has now, or whose lock is not for this user."""
    try:
        return [] if device_is_free(device, count) else [Unchecked(where, WAITS)]
    except UserError as error:
        return [problem_from(error)]


def core_sets_that_do_not_serve(situation: Situation) -> Iterator[Problem]:
    """Cores that are not there, and engines on CPU that want more than one set."""
    named = {core for cores in situation.config.core_sets for core in cores}
    if missing := sorted(named - os.sched_getaffinity(0)):
        has = ", ".join(map(str, sorted(os.sched_getaffinity(0))))
        yield Problem(
            "core_sets", f"this process may not have core {missing[0]}", f"it has {has}; name those"
        )
    for use in situation.engines if named else ():
        if not use.gpus and (use.args.get("tensor_parallel_size") or 1) > 1:
            yield Problem(
                use.key("tensor_parallel_size"),
                "with core_sets an engine on CPU has one set, and cannot be spread over several",
                "set it to 1, or drop core_sets",
            )


def too_few(use: EngineUse, seen: int) -> Iterator[Problem]:
    """Fewer GPUs than an engine is spread over."""
    if use.gpus > seen:
        setting = os.environ.get("CUDA_VISIBLE_DEVICES")
        limit = "" if setting is None else f" (CUDA_VISIBLE_DEVICES is '{setting}')"
        ways = [
            f"set {use.key('tensor_parallel_size')} to {seen}" if seen else "",
            "name in CUDA_VISIBLE_DEVICES those that it may have" if limit else "",
            "run it where there are more",
            "or set engine.environment: cpu",
        ]
        yield Problem(
            "gpus" if use.gpus == 1 else use.key("tensor_parallel_size"),
            f"the run needs {use.gpus} GPU(s) and this process sees {seen}{limit}",
            ", ".join(filter(None, ways)),
        )


def in_use(uses: Sequence[EngineUse], gpus: Sequence[Gpu], most: int) -> Iterator[Problem]:
    """GPUs that have less memory free than vLLM takes when it starts: somebody else has it."""
    share = max(share_of(use) for use in uses)
    known = [gpu for gpu in gpus if gpu.total and gpu.free is not None]
    taken = [gpu for gpu in known if (gpu.free or 0) < share * (gpu.total or 0)]
    free = [gpu for gpu in gpus if gpu not in taken]
    if not taken:
        return
    names = ", ".join(f"GPU {gpu.index} ({_gb(gpu.free)} of {_gb(gpu.total)} free)" for gpu in taken)
    use_others = (
        f"set CUDA_VISIBLE_DEVICES={','.join(gpu.index for gpu in free)}, or " if len(free) >= most else ""
    )
    yield Problem(
        "gpus",
        f"other programs hold memory that vLLM asks for (gpu_memory_utilization: {share}): {names}",
        f"{use_others}end those programs: nvidia-smi names them",
    )


def _gb(size: int | None) -> str:
    return f"{(size or 0) / 1e9:.1f} GB"
