"""A scheduler that writes down every step, inside the engine's own process.

vLLM builds it from its name (the engine argument ``scheduler_cls``), offline and in its server alike. It
schedules exactly as vLLM's own scheduler. vLLM's own statistics are no substitute: they are taken after a
step's finished requests have been freed, so they miss the peaks of prompts with few output tokens.
"""

import os
import struct
import time
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vllm.v1.core.sched.async_scheduler import AsyncScheduler
from vllm.v1.core.sched.output import SchedulerOutput
from vllm.v1.core.sched.scheduler import Scheduler

VARIABLE = "BATCHSCOPE_STEPS"
"""Environment variable: the file that rows are appended to."""

SCHEDULER = f"{__name__}.recording_scheduler"
"""What ``scheduler_cls`` is set to."""

FLUSH_S = 1.0

COLUMNS = (
    "scheduled_s",
    "finished_s",
    "running",
    "waiting",
    "kv_cache_usage",
    "requests",
    "prefill_tokens",
    "decode_tokens",
    "cached_tokens",
    "preempted",
    "discarded_tokens",
)
ROW = struct.Struct("=ddiidiqqqiq")
"""One step, with the columns `COLUMNS`; both times are ``time.monotonic``, one clock for all processes."""


class StepRecorder:
    """Writes a row for each step when its output is back; this takes a few microseconds."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._rows: list[bytes] = []
        self._flushed = time.monotonic()
        self._under_way: deque[tuple[Any, ...]] = deque()
        self._to_prefill: dict[str, int] = {}  # tokens left, of requests whose prompt is not computed yet
        self._preempted = 0
        self._discarded = 0

    def preempting(self, computed_tokens: int) -> None:
        """Note a request that goes back to the queue and loses its computed tokens."""
        self._preempted += 1
        self._discarded += computed_tokens

    def scheduled(self, scheduler: Scheduler, output: SchedulerOutput) -> None:
        """Note a step that the scheduler has put together."""
        cached = self._admit(scheduler, output)
        if not (total := output.total_num_scheduled_tokens):
            return
        prefill = self._prefill(output.num_scheduled_tokens)
        running, waiting = scheduler.get_request_counts()
        self._under_way.append(
            (
                time.monotonic(), running, waiting, scheduler.kv_cache_manager.usage,
                len(output.num_scheduled_tokens), prefill, total - prefill, cached,
                self._preempted, self._discarded,
            )
        )  # fmt: skip
        self._preempted = self._discarded = 0

    def finished(self, output: SchedulerOutput) -> None:
        """Note that a step's output is back; steps come back in the order in which they were put together."""
        if output.total_num_scheduled_tokens:
            scheduled, *rest = self._under_way.popleft()
            self._rows.append(ROW.pack(scheduled, time.monotonic(), *rest))

    def flush(self, now: bool) -> None:
        """Write the rows so far: with ``now`` at once, else if the last time is more than `FLUSH_S` ago."""
        if self._rows and (now or time.monotonic() - self._flushed > FLUSH_S):
            os.write(self._file, b"".join(self._rows))
            self._rows.clear()
            self._flushed = time.monotonic()

    def _admit(self, scheduler: Scheduler, output: SchedulerOutput) -> int:
        """Note admitted and readmitted requests; returns how many of their tokens were found in the cache."""
        admitted = [(new.req_id, new.num_computed_tokens) for new in output.scheduled_new_reqs]
        going_on = output.scheduled_cached_reqs
        if resumed := going_on.resumed_req_ids:
            pairs = zip(going_on.req_ids, going_on.num_computed_tokens, strict=True)
            admitted += [(request, computed) for request, computed in pairs if request in resumed]
        for request, computed in admitted:
            self._to_prefill[request] = scheduler.requests[request].num_tokens - computed
        for request in output.finished_req_ids:
            self._to_prefill.pop(request, None)  # aborted in mid-prompt
        return sum(computed for _, computed in admitted)

    def _prefill(self, scheduled: dict[str, int]) -> int:
        """Number of a step's prompt tokens, including those that are computed again after a preemption."""
        total = 0
        for request, left in list(self._to_prefill.items()):
            tokens = min(scheduled.get(request, 0), left)
            total += tokens
            if tokens == left:
                del self._to_prefill[request]
            else:
                self._to_prefill[request] = left - tokens
        return total


class _Recording:
    """What both recording schedulers add to vLLM's own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._recorder = StepRecorder(os.environ[VARIABLE])

    def schedule(self, *args: Any, **kwargs: Any) -> SchedulerOutput:
        output: SchedulerOutput = super().schedule(*args, **kwargs)  # type: ignore[misc]
        self._recorder.scheduled(self, output)
        return output

    def update_from_output(self, scheduler_output: SchedulerOutput, *args: Any, **kwargs: Any) -> Any:
        self._recorder.finished(scheduler_output)
        result = super().update_from_output(scheduler_output, *args, **kwargs)  # type: ignore[misc]
        # Whoever sees that the last request is finished must find its step in the file.
        self._recorder.flush(now=not self.has_unfinished_requests())  # type: ignore[attr-defined]
        return result

    def _preempt_request(self, request: Any, *args: Any, **kwargs: Any) -> None:
        self._recorder.preempting(request.num_computed_tokens)
        super()._preempt_request(request, *args, **kwargs)  # type: ignore[misc]


class RecordingScheduler(_Recording, Scheduler):  # type: ignore[misc]
    """vLLM's scheduler, writing down its steps."""


class RecordingAsyncScheduler(_Recording, AsyncScheduler):  # type: ignore[misc]
    """The scheduler that plans a step while another runs, writing down its steps."""


def recording_scheduler(*args: Any, **kwargs: Any) -> Scheduler:
    """The scheduler that vLLM itself would have chosen, recording its steps."""
    asynchronous = kwargs["vllm_config"].scheduler_config.async_scheduling
    return (RecordingAsyncScheduler if asynchronous else RecordingScheduler)(*args, **kwargs)


class StepFile:
    """Reads, in vLLM's front-end process, the rows that its engine process writes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def skip(self) -> None:
        """Leave out all rows so far."""
        self._read = self._path.stat().st_size if self._path.exists() else 0

    def rows(self) -> Iterator[dict[str, Any]]:
        """Rows since the last call; times are ``time.monotonic``."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            text = file.read()
        self._read += len(text)
        for values in ROW.iter_unpack(text):
            yield dict(zip(COLUMNS, values, strict=True))
