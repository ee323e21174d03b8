"""How a sweep goes through a cluster's queue: a simulation of its allocations on a number of nodes.

An allocation holds the runs, or the load points, of one engine configuration: the engine is started once, and
they go one after the other. Allocations are placed in the order of submission, each on the node that has room
first. Jobs of other users are not known and left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from tabulate import tabulate

from batchscope.planning.sweep_plan import PlannedRun

ALLOCATION_S = 4.0
"""Seconds that an allocation takes beside its runs: Slurm, and two Snakemakes, one inside the other."""

RUN_S = 1.0
"""Seconds between two runs of an allocation."""


@dataclass(frozen=True)
class Allocation:
    """One job in the queue."""

    name: str
    runs: int
    gpus: int
    seconds: float


@dataclass(frozen=True)
class Placed:
    """An allocation's node, from 1, and its times in seconds since the submission."""

    allocation: Allocation
    node: int
    start: float
    end: float


def allocations(planned: Sequence[PlannedRun]) -> list[Allocation]:
    """The allocations that measure what is stale, one for each engine configuration."""
    engines: dict[str, list[PlannedRun]] = {}
    for run in planned:
        if run.stale:
            engines.setdefault(run.engine, []).append(run)
    return [
        Allocation(
            name,
            len(runs),
            max(run.gpus for run in runs),
            ALLOCATION_S + max(run.start_s for run in runs) + sum(run.seconds + RUN_S for run in runs),
        )
        for name, runs in engines.items()
    ]


def schedule(queue: Sequence[Allocation], nodes: int, gpus_per_node: int) -> list[Placed]:
    """List scheduling: each allocation, in order, goes to the node where enough GPUs are free first."""
    free = [[0.0] * gpus_per_node for _ in range(nodes)]
    placed = []
    for allocation in queue:
        start, node = min((sorted(times)[allocation.gpus - 1], node) for node, times in enumerate(free))
        end = start + allocation.seconds
        free[node] = [end] * allocation.gpus + sorted(free[node])[allocation.gpus :]
        placed.append(Placed(allocation, node + 1, start, end))
    return placed


def describe_queue(placed: Sequence[Placed], nodes: int, gpus_per_node: int) -> str:
    """The queue as text: a line an allocation, then wall time and GPU hours."""
    where = f"{nodes} node(s) with {gpus_per_node} GPU(s) each"
    if not placed:
        return f"On {where}: nothing to submit."
    rows = [
        (
            each.allocation.name,
            each.allocation.runs,
            each.allocation.gpus,
            each.node,
            *_minutes(each.start, each.end),
        )
        for each in placed
    ]
    columns = ("allocation", "runs", "GPUs", "node", "from minute", "to minute")
    wall = max(each.end for each in placed)
    held = sum(each.allocation.gpus * each.allocation.seconds for each in placed)
    longest = max(each.allocation.seconds for each in placed)
    lines = [
        f"On {where}:",
        "",
        tabulate(rows, columns, tablefmt="simple", disable_numparse=True, colalign=("left", *["right"] * 5)),
        "",
        f"Wall time: about {wall / 60:.1f} minutes after the prompts are made and the nodes are there.",
        f"GPU hours: {held / 3600:.2f}; GPUs in use {held / (wall * nodes * gpus_per_node):.0%} of the time.",
    ]
    if wall < 1.01 * longest and len(placed) > 1:
        lines.append("More nodes change nothing: the longest allocation decides.")
    return "\n".join(lines)


def _minutes(*seconds: float) -> list[str]:
    return [f"{each / 60:.1f}" for each in seconds]
