"""The server beside the offline engine: the same prompts and settings asked for, and why they differ."""

from collections.abc import Iterator, Sequence

from batchscope.results.gates import validity_of
from batchscope.results.loads.points import LoadPoint
from batchscope.results.published.serving import at_once
from batchscope.results.records import RunRecord

APART_ANYWAY = ("kv_cache_blocks", "kv_cache_tokens")
"""Settings in force that follow from the memory that was free, and differ from start to start."""


def beside_offline(points: Sequence[LoadPoint], runs: Sequence[RunRecord]) -> Iterator[str]:
    """A sentence for each load point that sent everything at once, and has an offline run to stand beside."""
    for point in points:
        if at_once(point.load) and not point.load.requests and validity_of(point.run).valid:
            for run in runs:
                if same_prompts_and_engine(point, run) and validity_of(run).valid:
                    yield compare_with_offline(point, run)
                    break


def same_prompts_and_engine(point: LoadPoint, run: RunRecord) -> bool:
    """Whether both submit the same prompts to engines that were asked for alike, on the same machine."""
    ours, theirs = point.served, run.measurement
    return (ours.prompts.sha256, ours.spec.engine, ours.spec.workload.reuse) == (
        theirs.prompts.sha256,
        theirs.spec.engine,
        theirs.spec.workload.reuse,
    ) and point.run.environment.fingerprint == run.environment.fingerprint


def compare_with_offline(point: LoadPoint, run: RunRecord) -> str:
    """How fast the server was beside the offline engine, and what differed."""
    served, repeats = point.served.repeats[0], run.measurement.repeats
    rates = sorted(repeat.total_tokens / repeat.seconds for repeat in repeats)
    offline, online = rates[len(rates) // 2], served.total_tokens / served.seconds
    name = f"{point.served.spec.workload.layout} prompts (n={point.served.spec.workload.n})"
    first = point.finished["ttft_s"].min()
    return (
        f"{name}, offline as {run.measurement.study}/{run.measurement.run}: {offline:,.0f} total tokens/s, "
        f"through the server {online:,.0f}, {online / offline:.2f}x. {differing_settings(point, run)} The "
        f"server took {served.steps} engine steps, the offline engine {repeats[0].steps}: there "
        "everything is queued as token ids before the clock starts, here requests are sent, read and "
        f"tokenised inside it, and the first token of all came after {first:.2f} s."
    )


def differing_settings(point: LoadPoint, run: RunRecord) -> str:
    """The settings in force that differ."""
    here, there = point.served.engine.resolved, run.measurement.engine.resolved
    differ = [
        f"{key} {here[key]} here and {there[key]} offline"
        for key in here.keys() & there.keys()
        if here[key] != there[key] and key not in APART_ANYWAY
    ]
    if not differ:
        return "The settings in force are the same."
    return f"In force are {', '.join(sorted(differ))}: vLLM's defaults depend on the entry point."
