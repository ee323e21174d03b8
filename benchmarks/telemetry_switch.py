"""A recording scheduler with a switch, so that one engine can be measured with and without its records.

Two engines would not serve: on a CPU one was 5 % faster than the other over 120 turns, whichever recorded.
"""

import mmap
import os
from pathlib import Path
from typing import Any

from vllm.v1.core.sched.output import SchedulerOutput
from vllm.v1.core.sched.scheduler import Scheduler

from batchscope.worker.telemetry.steps import VARIABLE, RecordingAsyncScheduler, RecordingScheduler

SCHEDULER = f"{__name__}.switchable_scheduler"


class Switch:
    """One byte that the engine's processes share: 1 while steps are to be recorded."""

    def __init__(self, steps: str) -> None:
        path = Path(f"{steps}.switch")
        if not path.exists():
            path.write_bytes(b"\0")
        with path.open("r+b") as file:
            self._byte = mmap.mmap(file.fileno(), 1)

    @property
    def on(self) -> bool:
        """Whether steps are recorded."""
        return self._byte[0] == 1

    def turn(self, on: bool) -> None:
        """Switch recording on or off; call it only while no request is under way."""
        self._byte[0] = int(on)


class _Switchable:
    """Skips the recording methods while the switch is off."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._switch = Switch(os.environ[VARIABLE])

    def schedule(self, *args: Any, **kwargs: Any) -> SchedulerOutput:
        return self._next().schedule(*args, **kwargs)

    def update_from_output(self, *args: Any, **kwargs: Any) -> Any:
        return self._next().update_from_output(*args, **kwargs)

    def _preempt_request(self, *args: Any, **kwargs: Any) -> None:
        self._next()._preempt_request(*args, **kwargs)

    def _next(self) -> Any:
        plain = type(self).__mro__[3]  # after the recording scheduler: what it adds to vLLM's own
        return super(_Switchable if self._switch.on else plain, self)


class SwitchableScheduler(_Switchable, RecordingScheduler):
    """vLLM's scheduler, recording or not."""


class SwitchableAsyncScheduler(_Switchable, RecordingAsyncScheduler):
    """vLLM's asynchronous scheduler, recording or not."""


def switchable_scheduler(*args: Any, **kwargs: Any) -> Scheduler:
    """The scheduler that vLLM itself would have chosen, with a switch."""
    asynchronous = kwargs["vllm_config"].scheduler_config.async_scheduling
    return (SwitchableAsyncScheduler if asynchronous else SwitchableScheduler)(*args, **kwargs)
