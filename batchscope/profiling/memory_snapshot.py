"""The memory profiler: its capture, and the allocator's history as a curve."""

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from batchscope.common.atomic_files import read_json
from batchscope.common.errors import UserError
from batchscope.profiling.capture import CaptureJob, engine_environment, run_capture, write_order

FIGURES, START, SNAPSHOT = "memory.json", "start.pickle", "snapshot.pickle"

KEPT = FIGURES
"""What a capture comes to (`batchscope.config.profile`)."""

CHANGES = {"alloc": 1, "free_requested": -1}
"""The allocator's names for the beginning and the end of a tensor's memory, with the sign of the change."""


def capture(job: CaptureJob) -> None:
    """Run the engine with a worker that notes its memory; what it found lies in ``job.out``.

    Raises:
        UserError: the engine failed, or took too long.
    """
    order = write_order(job, "memory")
    run_capture(
        [job.python, "-m", "batchscope.worker.profiling.memory_capture", str(order)],
        job,
        engine_environment(job),
    )


def parse(folder: Path, device: str) -> tuple[dict[str, Any], pd.DataFrame | None]:
    """The capture in a folder: its figures, and with a GPU the `timeline`, from the engine's start on.

    A capture that has the start says in ``not_kept`` between which moments (seconds since 1970) events are
    missing, or None if none are. Older captures lack the start.

    Raises:
        UserError: a file is missing or damaged.
    """
    memory = read_json(folder / FIGURES)
    if memory is None or "figures" not in memory:
        raise UserError(
            f"{folder / FIGURES} is missing or damaged; is the disk full? Delete the folder and profile again"
        )
    if device != "cuda":
        return memory, None
    snapshot, start = read_snapshot(folder / SNAPSHOT), folder / START
    if not start.exists():
        return memory, timeline(snapshot)
    curve, not_kept = joined(read_snapshot(start), snapshot)
    return {**memory, "not_kept": not_kept}, curve


class _PlainUnpickler(pickle.Unpickler):
    """Loads dicts, lists, numbers and texts, which is all that a snapshot holds, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is no part of a snapshot")


def read_snapshot(path: Path) -> dict[str, Any]:
    """The allocator's snapshot, as `torch.cuda.memory._snapshot` describes it."""
    try:
        snapshot = _PlainUnpickler(io.BytesIO(path.read_bytes())).load()
        return {name: snapshot[name] for name in ("segments", "device_traces")}
    except FileNotFoundError:
        raise UserError(
            f"{path}: the worker wrote no snapshot; is the disk full? The engine's log says why"
        ) from None
    except (pickle.UnpicklingError, EOFError, ValueError, KeyError, TypeError, IndexError) as error:
        raise UserError(
            f"{path}: the snapshot is cut off or damaged ({type(error).__name__}); is the disk full? "
            "Delete the folder and profile again"
        ) from None


def joined(start: dict[str, Any], snapshot: dict[str, Any]) -> tuple[pd.DataFrame, list[float] | None]:
    """The `timeline` of the engine's start and of what came later, as one.

    The later history normally contains the start as well. If newer events have overwritten these, some events
    between the two histories may be missing too.

    Returns:
        The timeline, and the two moments (seconds since 1970) between which events are missing; None if none
        are.
    """
    before, after = times(start), times(snapshot)
    if not len(before):
        return timeline(snapshot), None
    end, later = before[-1], timeline(snapshot)
    curve = pd.concat([timeline(start), later[later["time_s"] > end]], ignore_index=True)
    return curve, [float(end), float(after[0])] if len(after) and after[0] > end else None


def times(snapshot: dict[str, Any]) -> NDArray[np.float64]:
    """The time of each event of `trace`, of any kind, in seconds since 1970."""
    return np.array([event["time_us"] for event in trace(snapshot)], dtype=float) / 1e6


def trace(snapshot: dict[str, Any]) -> list[dict[str, Any]]:
    """The allocator's history of the busiest device."""
    return max(snapshot["device_traces"], key=len, default=[])


def timeline(snapshot: dict[str, Any]) -> pd.DataFrame:
    """Bytes that tensors held after each event in the allocator's history of the busiest device.

    The history has only the latest events, so it is counted back from what the snapshot says of its end.

    Returns:
        Columns ``time_s`` (since 1970) and ``allocated_bytes``.
    """
    events = [event for event in trace(snapshot) if event["action"] in CHANGES]
    devices = {event["device"] for event in events if "device" in event}
    held = sum(
        segment["allocated_size"]
        for segment in snapshot["segments"]
        if not devices or segment.get("device", 0) in devices
    )
    changes = np.array([CHANGES[event["action"]] * event["size"] for event in events], dtype=np.int64)
    return pd.DataFrame(
        {
            "time_s": np.array([event["time_us"] for event in events], dtype=float) / 1e6,
            "allocated_bytes": held - changes.sum() + changes.cumsum(),
        }
    )
