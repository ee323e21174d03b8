"""Queues whose truth is known, and how often intervals and verdicts are right about them.

``python -m tests.support.queues`` prints the tables of docs/serving.md.
"""

import heapq
from collections.abc import Callable

import numpy as np
import pandas as pd

from batchscope.common.schemas import CLIENT
from batchscope.statistics.blocks import SEED, block_interval
from batchscope.statistics.event_rates import rate_interval
from batchscope.statistics.queue_growth import queue

CAPACITY = 130.0
"""Requests a second that every server here can do."""

Server = Callable[[np.random.Generator, np.ndarray], np.ndarray]


def poisson(rng: np.random.Generator, rate: float, count: int) -> np.ndarray:
    """Times of arrival."""
    return np.cumsum(rng.exponential(1 / rate, count))


def in_turn(sent: np.ndarray, service: np.ndarray) -> np.ndarray:
    """When each is finished by a server that does one after the other (Lindley's recursion, 1952)."""
    done = np.cumsum(service)
    return done + np.maximum.accumulate(sent - (done - service))


def even(rng: np.random.Generator, sent: np.ndarray) -> np.ndarray:
    """M/D/1: every request takes as long."""
    return in_turn(sent, np.full(len(sent), 1 / CAPACITY))


def uneven(rng: np.random.Generator, sent: np.ndarray) -> np.ndarray:
    """M/M/1: exponential times of service."""
    return in_turn(sent, rng.exponential(1 / CAPACITY, len(sent)))


def in_steps(
    rng: np.random.Generator, sent: np.ndarray, most: int = 25, overhead: float = 0.008
) -> np.ndarray:
    """An engine: all that wait go into the next step, 25 at most, which takes time by their number."""
    each = 1 / CAPACITY - overhead / most
    done, first, now = np.empty(len(sent)), 0, 0.0
    while first < len(sent):
        now = max(now, sent[first])
        count = min(most, int(np.searchsorted(sent, now, side="right")) - first)
        now += (overhead + each * count) * (1 + 0.02 * rng.standard_normal())
        done[first : first + count] = now
        first += count
    return done


SERVERS: dict[str, Server] = {"even": even, "exponential": uneven, "steps": in_steps}


def closed_loop(
    rng: np.random.Generator, under_way: int, count: int, most: int = 25, noise: float = 0.05
) -> tuple[np.ndarray, np.ndarray]:
    """Sent and finished, where each answer is followed by the next request."""
    waiting, sent, done, now = [0.0] * under_way, [], [], 0.0
    while len(sent) < count:
        now = max(now, waiting[0])
        batch = []
        while waiting and waiting[0] <= now and len(batch) < min(most, count - len(sent)):
            batch.append(heapq.heappop(waiting))
        now += (0.02 + 0.007 * len(batch)) * (1 + noise * rng.standard_normal())
        sent += batch
        done += [now] * len(batch)
        for _ in batch:
            heapq.heappush(waiting, now + rng.exponential(0.001))
    return np.array(sent), np.array(done)


def client(sent: np.ndarray, done: np.ndarray) -> pd.DataFrame:
    """Rows of client.parquet, of one output token."""
    count = len(sent)
    return pd.DataFrame(
        {
            "request": range(count), "prompt": range(count), "prompt_tokens": 100, "output_tokens": 1,
            "sent_s": sent - sent.min(), "queued_s": 0.0, "ttft_s": done - sent, "e2el_s": done - sent,
            "itls_s": [[]] * count, "text": "", "error": None,
        },
        columns=CLIENT.names,
    )  # fmt: skip


def independent_interval(figure: Callable, values: np.ndarray) -> tuple[float, float]:
    """What resampling single requests gives: percentiles, 95 %."""
    rng = np.random.default_rng(SEED)
    draws = [figure(values[rng.integers(len(values), size=len(values))]) for _ in range(200)]
    return tuple(np.quantile(draws, [0.025, 0.975]))


def covered(busy: float, count: int, trials: int, seed: int = 0) -> dict[str, float]:
    """Percent of intervals of the median time in an M/M/1 queue that hold the true one, ln 2 / (1 - busy)."""
    rng, truth, hits = np.random.default_rng(seed), np.log(2) / (CAPACITY * (1 - busy)), np.zeros(2)
    for _ in range(trials):
        sent = poisson(rng, CAPACITY * busy, 3000 + count)
        times = (uneven(rng, sent) - sent)[3000:]
        blocks = block_interval(lambda drawn: float(np.median(drawn)), times)
        single = independent_interval(np.median, times)
        hits += [blocks.low <= truth <= blocks.high, single[0] <= truth <= single[1]]
    return dict(zip(("blocks", "independent"), 100 * hits / trials, strict=True))


def covered_rate(under_way: int, count: int, trials: int, seed: int = 0) -> dict[str, float]:
    """Percent of intervals of a closed loop's throughput that hold what a long one has."""
    rng = np.random.default_rng(seed)
    _, done = closed_loop(rng, under_way, 40_000)
    truth = (len(done) - under_way) / (done[-1] - np.sort(done)[under_way - 1])
    hits, widths = 0, 0.0
    for _ in range(trials):
        sent, done = closed_loop(rng, under_way, count)
        done = np.sort(done)
        found = rate_interval(done, done[under_way - 1], sent.max())
        hits += found.low <= truth <= found.high
        widths += (found.high - found.low) / 2 / truth
    return {"covered": 100 * hits / trials, "half_width": 100 * widths / trials}


def verdicts(server: str, busy: float, count: int, trials: int, seed: int = 0) -> dict[str, float]:
    """Percent of loads that are said to keep up, to pile up, or neither."""
    rng, found = np.random.default_rng(seed), {"keeps up": 0, "not settled": 0, "piles up": 0}
    for _ in range(trials):
        sent = poisson(rng, CAPACITY * busy, count)
        found[queue(client(sent, SERVERS[server](rng, sent))).verdict] += 1
    return {verdict: 100 * number / trials for verdict, number in found.items()}


def main() -> None:
    """Print the tables; some minutes."""
    print("| M/M/1 queue, share of capacity | requests | blocks | single requests |\n|---:|---:|---:|---:|")
    for busy in (0.5, 0.7, 0.8, 0.9):
        for count in (400, 1600, 6400):
            of = covered(busy, count, 200, seed=1)
            print(f"| {busy:.0%} | {count:,} | {of['blocks']:.0f} % | {of['independent']:.0f} % |")
    print("\n| under way | requests | covered | half-width |\n|---:|---:|---:|---:|")
    for most in (4, 16, 64):
        for times in (10, 40):
            of = covered_rate(most, max(100, times * most), 200)
            print(
                f"| {most} | {max(100, times * most):,} | {of['covered']:.0f} % | {of['half_width']:.1f} % |"
            )
    print(
        "\n| server | requests | come, of capacity | keeps up | not settled | piles up |\n|---|---:|---:|---:|---:|---:|"
    )
    for server in SERVERS:
        for count in (200, 800, 2400):
            for busy in (0.5, 0.8, 0.9, 0.95, 1.05, 1.1, 1.3):
                of = verdicts(server, busy, count, 200)
                cells = " | ".join(f"{share:.0f} %" for share in of.values())
                print(f"| {server} | {count:,} | {busy:.0%} | {cells} |")


if __name__ == "__main__":
    main()
