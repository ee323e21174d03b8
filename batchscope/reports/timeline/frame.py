"""What happened inside one repeat of a run, step by step: read, put into time bins, told as lines of text.

Times are seconds from the start of the timed window. Drawing is in `batchscope.reports.timeline.figure`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from batchscope.reporting.numbers import counted
from batchscope.results.records import Repeat, RunRecord, load_run

Floats = npt.NDArray[np.float64]

MOST_BINS = 200
FEWEST_BINS = 10
"""A run of few steps still shows each of them."""

STEPS_PER_BIN = 3
"""With async scheduling steps finish by fits and starts; a bin of one step would show little else."""

MOST_POINTS = 1000
"""A figure is about this many pixels wide: more points cannot be seen."""

MOST_LINES = 20
"""Lines of text for a window shorter than as many seconds; a longer one has a line a second."""

COUNTED = ("prefill_tokens", "decode_tokens")


@dataclass(frozen=True)
class Timeline:
    """Steps and hardware samples of one repeat: the one whose duration is the run's median."""

    record: RunRecord
    repeat: int
    """from 0, as in the files; -1 where no repeat was finished"""
    seconds: float
    """duration of the timed window"""
    steps: pd.DataFrame
    """rows of `STEPS`, in the order in which they were scheduled"""
    hardware: pd.DataFrame
    """rows of `HARDWARE`, along time"""

    @property
    def gpus(self) -> list[int]:
        """Indices of the GPUs that were sampled."""
        return sorted(int(gpu) for gpu in self.hardware["gpu"].dropna().unique())

    @property
    def missing(self) -> str:
        """Why there is nothing to draw, as a sentence; empty where there are steps."""
        run = self.record.measurement
        if len(self.steps):
            return ""
        if self.repeat < 0:
            why = "it was out of memory" if run.status == "oom" else f"its status is {run.status}"
            return f"No timeline: the run finished no repeat, {why}."
        if run.spec.measure.get("telemetry") is False:
            return "No timeline: measure.telemetry is false."
        return "No timeline: no step was recorded."


def load_timeline(folder: Path) -> Timeline:
    """Read one run's folder.

    Raises:
        UserError: a file is missing or damaged; the message names it and the remedy.
    """
    return timeline_of(load_run(folder))


def timeline_of(record: RunRecord) -> Timeline:
    """What there is to draw of a run."""
    repeats = record.measurement.repeats
    repeat = median_repeat(repeats)
    steps, hardware = record.steps, record.hardware
    return Timeline(
        record=record,
        repeat=repeat,
        seconds=repeats[repeat].seconds if repeats else 0.0,
        steps=steps[steps["repeat"] == repeat].sort_values("step", ignore_index=True),
        hardware=hardware[hardware["repeat"] == repeat].sort_values(
            ["time_s", "gpu"], kind="stable", ignore_index=True
        ),
    )


def median_repeat(repeats: Sequence[Repeat]) -> int:
    """The repeat of median duration, the shorter of the middle two; -1 where there is none."""
    if not repeats:
        return -1
    ranked = sorted(range(len(repeats)), key=lambda index: repeats[index].seconds)
    return ranked[(len(ranked) - 1) // 2]


def bin_edges(timeline: Timeline) -> Floats:
    """Edges of equal bins over the timed window, for a figure."""
    bins = min(MOST_BINS, max(FEWEST_BINS, len(timeline.steps) // STEPS_PER_BIN))
    return np.linspace(0.0, timeline.seconds, bins + 1)


def tokens_in(timeline: Timeline, edges: Floats) -> pd.DataFrame:
    """Tokens computed between the edges, which reach from 0 to the end of the window.

    A step's tokens are spread evenly over the time from the finish of the step before it to its own finish,
    so that no token is lost or counted twice: each column adds up to that of the steps.

    Returns:
        one row a bin: ``start_s``, ``end_s``, ``prefill_tokens``, ``decode_tokens`` (shares of tokens too).
    """
    steps = timeline.steps.sort_values("finished_s", kind="stable")
    # The engine and the one who times it look at the clock at different moments.
    finished = steps["finished_s"].clip(0.0, timeline.seconds).to_numpy()
    bins = pd.DataFrame({"start_s": edges[:-1], "end_s": edges[1:]})
    for name in COUNTED:
        until = steps[name].cumsum().to_numpy(dtype=np.float64)
        total = until[-1] if len(until) else 0.0
        inside = np.interp(edges[1:-1], [0.0, *finished], [0.0, *until])
        bins[name] = np.diff([0.0, *inside, total])
    return bins


def rates_in(timeline: Timeline, edges: Floats) -> pd.DataFrame:
    """As `tokens_in`, in tokens per second."""
    bins = tokens_in(timeline, edges)
    seconds = bins["end_s"] - bins["start_s"]
    return bins.assign(**{name: bins[name] / seconds for name in COUNTED})


def state_points(timeline: Timeline) -> pd.DataFrame:
    """Steps to draw ``running``, ``waiting`` and ``kv_cache_usage`` from: each holds until the next.

    Of very many steps the last in each of `MOST_POINTS` equal times is kept.
    """
    steps = timeline.steps
    if len(steps) <= MOST_POINTS:
        return steps
    place = (steps["scheduled_s"] / timeline.seconds * MOST_POINTS).astype(int)
    return steps[~place.duplicated(keep="last")]


def nice_interval(seconds: float, steps: int) -> float:
    """Seconds of one line of text: 1, or for a short window 1, 2 or 5 times a power of ten.

    A short window has 5 to 20 lines, but no more than steps.
    """
    if seconds >= MOST_LINES:
        return 1.0
    shortest = seconds / min(MOST_LINES, max(steps, 1))
    power = 10.0 ** math.floor(math.log10(shortest))
    return next(power * nice for nice in (1, 2, 5, 10) if power * nice >= shortest)


def line_edges(timeline: Timeline) -> Floats:
    """Edges of the intervals that each have a line; a rest of up to a half joins the last one."""
    interval = nice_interval(timeline.seconds, len(timeline.steps))
    count = max(1, round(timeline.seconds / interval))
    return np.array([*(interval * index for index in range(count)), timeline.seconds])


def timeline_text(timeline: Timeline, name: str) -> str:
    """The repeat as vLLM's engine would log it, one line an interval, under a line that says what it is.

    Running, waiting and KV cache usage are those of the last step scheduled until then; preemptions are those
    of the interval; the prefix cache's hit rate is that of all tokens until then; power is the mean.
    """
    if timeline.missing:
        return f"{name}\n{timeline.missing}\n"
    edges = line_edges(timeline)
    digits = max(1, -math.floor(math.log10(edges[1] - edges[0]) + 1e-9))
    width = len(f"{timeline.seconds:.{digits}f}") + 3
    bins = rates_in(timeline, edges)
    lines = [
        f"{bins['end_s'][index]:{width}.{digits}f} s  "
        + ", ".join(_parts(timeline, bins.loc[index], last=index == len(bins) - 1))
        for index in bins.index
    ]
    return "\n".join([f"{name}, {describe_repeat(timeline)}", *lines]) + "\n"


def describe_repeat(timeline: Timeline) -> str:
    """Which repeat is shown, how long it took, and in how many steps."""
    count = len(timeline.record.measurement.repeats)
    which = f"repeat {timeline.repeat + 1} of {count}{' (median duration)' if count > 1 else ''}"
    return f"{which}, {timeline.seconds:.4g} s, {counted(len(timeline.steps), 'step')}"


def _parts(timeline: Timeline, row: "pd.Series[float]", *, last: bool) -> list[str]:
    """What one line says, in vLLM's words and order."""
    start, end = row["start_s"], math.inf if last else row["end_s"]
    steps = timeline.steps[timeline.steps["scheduled_s"] < end]
    queued = timeline.record.measurement.repeats[timeline.repeat].requests
    states = steps[["running", "waiting", "kv_cache_usage"]]
    running, waiting, usage = states.iloc[-1] if len(states) else (0, queued, 0)
    preempted = int(steps.loc[steps["scheduled_s"] >= start, "preempted"].sum())
    cached, computed = steps["cached_tokens"].sum(), steps["prefill_tokens"].sum()
    device = "GPU" if timeline.record.environment.device == "cuda" else "CPU"
    return [
        f"Avg prompt throughput: {row['prefill_tokens']:.1f} tokens/s",
        f"Avg generation throughput: {row['decode_tokens']:.1f} tokens/s",
        f"Running: {running:.0f} reqs",
        f"Waiting: {waiting:.0f} reqs",
        *([f"Preemptions: {preempted}"] if preempted else []),
        f"{device} KV cache usage: {100 * usage:.1f}%",
        f"Prefix cache hit rate: {100 * cached / max(cached + computed, 1):.1f}%",
        *([f"Power: {power:.0f} W"] if (power := mean_power(timeline, start, row["end_s"])) else []),
    ]


def mean_power(timeline: Timeline, start: float, end: float) -> float | None:
    """Mean power between two times in W, of all GPUs together; None where none was sampled.

    Between two samples power is taken to change evenly, so that a time without a sample has a value too.
    """
    samples = timeline.hardware.dropna(subset=["gpu", "power_w"])
    if samples.empty:
        return None
    total = 0.0
    for _, gpu in samples.groupby("gpu"):
        times, watts = gpu["time_s"].to_numpy(), gpu["power_w"].to_numpy()
        inside = times[(times > start) & (times < end)]
        at = np.array([start, *inside, end])
        total += float(np.trapezoid(np.interp(at, times, watts), at)) / (end - start)
    return total
