"""The page of memory: what takes it, measured beside predicted."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from batchscope.common.atomic_files import read_json
from batchscope.cost.memory import REST as ESTIMATED_REST
from batchscope.reporting.numbers import percent
from batchscope.reporting.page import Page, Row, Table
from batchscope.reporting.provenance import captured_on
from batchscope.reports.memory.frame import (
    MEMORY_LINES,
    NOT_PREDICTED,
    asked_utilization,
    left_for_rest,
    memory_frame,
    parts_of_other,
)
from batchscope.results.intact.captures import no_capture, read_capture
from batchscope.results.records import UNREADABLE, first_line

TITLE = "memory"
QUESTION = "What takes the device's memory?"
LINE = ("", "line")
NEEDED = ("study", "run", "device", "figures", "architecture", "resolved")
"""Keys of memory.json without which there is nothing to show."""

RAW = ("start.pickle", "snapshot.pickle", "timeline.html")
MEGA = 1e6


@dataclass(frozen=True)
class MemoryProfile:
    """One capture, as its folder holds it."""

    folder: Path
    memory: dict[str, Any]
    """memory.json"""
    environment: dict[str, Any]
    """environment.json"""
    timeline: pd.DataFrame | None
    """None where there is no allocator's history"""

    @property
    def name(self) -> str:
        """study/run."""
        return f"{self.memory['study']}/{self.memory['run']}"

    @property
    def gpu_bytes(self) -> int | None:
        """Memory of one GPU as the driver has it; None on CPU."""
        gpu = self.environment["gpu"]
        return gpu["memory_bytes"] if gpu else None

    @property
    def frame(self) -> pd.DataFrame:
        """`memory_frame` of it."""
        return memory_frame(self.memory, self.gpu_bytes)


def load_memory(folders: Sequence[Path]) -> list[MemoryProfile]:
    """Read captures.

    Raises:
        DamagedError: a folder holds no whole one.
    """
    return [_load(folder) for folder in folders]


def _load(folder: Path) -> MemoryProfile:
    curve = folder / "timeline.parquet"
    memory = read_capture(folder, "memory.json", ("environment.json", curve.name), NEEDED)
    if (environment := read_json(folder / "environment.json")) is None:
        raise no_capture(folder, "environment.json is missing or damaged")
    try:
        timeline = pd.read_parquet(curve) if curve.exists() else None
    except UNREADABLE as error:
        raise no_capture(folder, first_line(error)) from None
    return MemoryProfile(folder, memory, environment, timeline)


def memory_csv(profiles: Sequence[MemoryProfile]) -> pd.DataFrame:
    """memory.csv: one row a run and line: ``measured_bytes``, ``predicted_bytes``."""
    frames = []
    for profile in profiles:
        frame = profile.frame.add_suffix("_bytes").reset_index()
        frame.insert(0, "study", profile.memory["study"])
        frame.insert(1, "run", profile.memory["run"])
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def memory_page(profiles: Sequence[MemoryProfile], folder: Path) -> Page:
    """The page of all captures; links to raw files start at ``folder``, where the page lies."""
    return Page(
        title=TITLE,
        question=QUESTION,
        findings=[line for profile in profiles for line in (_finding(profile), *_use(profile))],
        context=list(dict.fromkeys(captured_on(profile.environment) for profile in profiles)),
        table=_table(profiles),
        notes=[*(line for profile in profiles for line in _details(profile)), *_notes(profiles)],
        files=[
            Path(os.path.relpath(path, folder)).as_posix()
            for profile in profiles
            for path in (profile.folder / name for name in RAW)
            if path.exists()
        ],
    )


def _finding(profile: MemoryProfile) -> str:
    """Each line that is measured, its prediction where there is one."""
    frame = profile.frame
    parts = [
        f"{line} {megabytes(frame['measured'][line])} (predicted {megabytes(frame['predicted'][line])})"
        for line in MEMORY_LINES
        if line not in NOT_PREDICTED and frame.loc[line].notna().all()
    ]
    rest = megabytes(frame["measured"].reindex(NOT_PREDICTED).sum())
    told = ", ".join([*parts, f"all else {rest}"])
    return f"{profile.name}: {megabytes(frame['measured'].sum())} MB in use: {told}."


def _use(profile: MemoryProfile) -> list[str]:
    """How much of the device is in use, beside what vLLM was told to use, and what goes past it."""
    share, figures = asked_utilization(profile.memory), profile.memory["figures"]
    if share is None:
        return []
    used, total = figures["used"], figures["total"]
    beyond = used - share * total
    found = (
        f"{profile.name}: {percent(used / total)} of the device is in use, where gpu_memory_utilization "
        f"asks for {percent(share)}: {megabytes(abs(beyond))} MB {'more' if beyond > 0 else 'less'}."
    )
    left = left_for_rest(profile.memory, total)
    if beyond <= 0 or left is None:
        return [found]
    rest = profile.frame["measured"].reindex(NOT_PREDICTED)
    parts = {"CUDA graphs": rest["CUDA graphs"], **parts_of_other(figures)}
    told = ", ".join(f"{name} {megabytes(size)}" for name, size in parts.items())
    return [
        f"{found} All else takes {megabytes(rest.sum())} MB ({told}); vLLM left {megabytes(left)} for it "
        "when it sized the KV cache."
    ]


def _table(profiles: Sequence[MemoryProfile]) -> Table:
    """One row a line, then their sum; a group of columns for each run."""
    rows: list[Row] = [{LINE: line} for line in (*MEMORY_LINES, "in use")]
    for profile in profiles:
        frame = profile.frame
        total = frame.sum(min_count=1).rename("in use")
        total["predicted"] = float("nan")  # not all is predicted: the sum of a part would pass for the whole
        for row, (_, cells) in zip(rows, [*frame.iterrows(), (None, total)], strict=True):
            row[profile.name, "MB measured"] = megabytes(cells["measured"])
            row[profile.name, "MB predicted"] = megabytes(cells["predicted"])
            delta = (cells["measured"] - cells["predicted"]) / MEGA
            row[profile.name, "difference"] = "" if pd.isna(delta) else f"{delta:+,.1f}"
    return Table.of_rows(rows)


def _details(profile: MemoryProfile) -> list[str]:
    """What other holds, and the peak by which vLLM planned."""
    figures, lines = profile.memory["figures"], []
    if parts := parts_of_other(figures):
        told = ", ".join(f"{name}: {megabytes(size)} MB" for name, size in parts.items())
        lines.append(f"{profile.name}, other is: {told}.")
    if "profile_run" in figures:
        lines.append(
            f"{profile.name}: the dummy step by which vLLM sizes the KV cache took "
            f"{megabytes(figures['profile_run'])} MB of activations. Before it loaded "
            f"weights, {megabytes(figures['before'])} MB of the device were in use, CUDA's context and "
            f"anybody else's. Snapshots and timeline have {megabytes(profile.memory['capture_bytes'])} MB."
        )
    return lines + _left(profile)


def _left(profile: MemoryProfile) -> list[str]:
    """What vLLM left for all else, beside the cost model's estimate: both by the driver's total."""
    gpu_bytes, memory = profile.gpu_bytes, profile.memory
    left = left_for_rest(memory, gpu_bytes) if gpu_bytes else None
    if gpu_bytes is None or left is None or pd.isna(profile.frame["predicted"]["KV cache"]):
        return []
    return [
        f"{profile.name}: counted as the cost model does, by the {megabytes(gpu_bytes)} MB of memory that "
        f"the driver names, vLLM left {megabytes(left)} for all else when it sized the KV cache (predicted "
        f"{megabytes(ESTIMATED_REST)}). vLLM itself goes by the {megabytes(memory['figures']['total'])} that "
        "CUDA gives out."
    ]


def _notes(profiles: Sequence[MemoryProfile]) -> list[str]:
    lines = [
        "MB are 1,000,000 bytes. Whatever is in use is in one line: other is what the lines above it leave."
    ]
    devices = {profile.memory["device"] for profile in profiles}
    if "cuda" in devices:
        lines.append(
            "Activations: the peak of a whole pass beyond what is held at rest. CUDA graphs: their pools, "
            "and what capturing them took past PyTorch's allocator. The allocator's reserve: taken from the "
            "device, and empty even at the peak. For CUDA graphs and other there is no prediction: the cost "
            "model estimates what vLLM leaves for them when it sizes the KV cache, not what they take "
            "afterwards."
        )
        lines.append(
            "snapshot.pickle opens in pytorch.org/memory_viz, and so does start.pickle, where there is one: "
            "the history up to CUDA graphs. timeline.html is PyTorch's own page of the former, and loads its "
            "viewer from the net. The figure shows both histories and needs none of it."
        )
        if any(profile.memory["gpus"] > 1 for profile in profiles):
            lines.append("With several GPUs the figures are the first one's.")
    if "cpu" in devices:
        lines.append(
            "On CPU the lines are parts of what the worker's process has resident. PyTorch has no allocator "
            "there that keeps a history: there is no snapshot, no timeline, and activations are in other; "
            "there are no CUDA graphs. Weights count as they are loaded, before oneDNN packs them."
        )
    return lines


def megabytes(size: float) -> str:
    """In 1,000,000 bytes; empty where there is none."""
    return "" if pd.isna(size) else f"{size / MEGA:,.1f}"
