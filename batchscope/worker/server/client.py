"""The load: `vllm bench serve`, run in this process, with our prompts and a watch on how late it is.

All of it is vLLM's own but the reading of prompts: its reader for custom data needs pandas, which a CPU
engine has not, and takes text alone. Its tokenizer, which each of its calls would load anew, is loaded once.
"""

import asyncio
import json
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from vllm.benchmarks import serve as bench
from vllm.benchmarks.datasets import SampleRequest
from vllm.tokenizers import cached_get_tokenizer

PERCENTILES = "50,90,95,99"
BEAT_S = 0.005
"""The client's event loop is asked to come by so often; how late it does is its lag."""


@dataclass(frozen=True)
class Target:
    """The server that gets the load."""

    url: str
    model: str
    name: str
    token: str


@dataclass(frozen=True)
class Beat:
    """When the loop came by, how late, and the processor time that this process had had by then; seconds."""

    at: float
    lag: float
    cpu: float


def run_load(
    target: Target, requests: Sequence[SampleRequest], load: dict[str, Any], extra: dict[str, Any], out: Path
) -> tuple[dict[str, Any], list[Beat]]:
    """Send requests as ``load`` says, and wait for all answers.

    Args:
        target: where to.
        requests: in the order of sending.
        load: ``request_rate`` (1/s; None: at once), ``burstiness``, ``max_concurrency``, ``seed``.
        extra: further fields of every request's body.
        out: gets ``bench.json``, vLLM's own result with one value per request in its arrays.

    Returns:
        The content of bench.json, and the client's beats from the first request to the last answer.
    """
    argv = [
        "--backend", "openai", "--base-url", target.url, "--endpoint", "/v1/completions",
        "--model", target.model, "--served-model-name", target.name,
        "--dataset-name", "custom", "--num-prompts", str(len(requests)),
        "--request-rate", str(load["request_rate"] or "inf"), "--burstiness", str(load["burstiness"]),
        "--seed", str(load["seed"]), "--ignore-eos", "--temperature", "0", "--disable-tqdm",
        "--ready-check-timeout-sec", "0", "--percentile-metrics", "ttft,tpot,itl,e2el",
        "--metric-percentiles", PERCENTILES, "--save-result", "--save-detailed",
        "--result-dir", str(out), "--result-filename", "bench.json",
        *(["--max-concurrency", str(load["max_concurrency"])] if load["max_concurrency"] else []),
        *(["--extra-body", json.dumps(extra)] if extra else []),
    ]  # fmt: skip
    parser = bench.FlexibleArgumentParser()
    bench.add_cli_args(parser)
    # vLLM's client takes its token from there, and would send loopback's requests through a proxy.
    os.environ |= {"OPENAI_API_KEY": target.token, "NO_PROXY": "*", "no_proxy": "*"}
    with _reading(requests):
        result, beats = asyncio.run(_with_beats(parser.parse_args(argv)))
    return result, within(beats, *window_of(result))


def window_of(result: dict[str, Any]) -> tuple[float, float]:
    """From the first request to the last answer, as ``time.perf_counter`` (and thus ``monotonic``) has it."""
    start = min(result["start_times"])
    return start, start + result["duration"]


def within(beats: Sequence[Beat], start: float, end: float) -> list[Beat]:
    """The beats of a window."""
    return [beat for beat in beats if start <= beat.at <= end]


def client_load(beats: Sequence[Beat], seconds: float) -> dict[str, float | None]:
    """How busy and how late the client was; null where the window is too short to tell."""
    if len(beats) < 2:
        return {"cpu_share": None, "lag_median_s": None, "lag_p99_s": None, "lag_max_s": None}
    lags = [beat.lag for beat in beats]
    # A loop that never came by says nothing of how late it would have been: the gaps do.
    longest = max(later.at - earlier.at for earlier, later in pairwise(beats)) - BEAT_S
    passed = beats[-1].at - beats[0].at
    return {
        "cpu_share": (beats[-1].cpu - beats[0].cpu) / passed if passed > 0 else None,
        "lag_median_s": float(np.median(lags)),
        "lag_p99_s": float(np.percentile(lags, 99)),
        "lag_max_s": max(*lags, longest, seconds - passed - BEAT_S),
    }


@contextmanager
def _reading(requests: Sequence[SampleRequest]) -> Iterator[None]:
    """`vllm bench serve` finds these requests where it would read a data set."""
    reader, loader = bench.get_samples, bench.get_tokenizer
    bench.get_samples = lambda args, tokenizer: list(requests)
    bench.get_tokenizer = cached_get_tokenizer
    try:
        yield
    finally:
        bench.get_samples, bench.get_tokenizer = reader, loader


async def _with_beats(args: Any) -> tuple[dict[str, Any], list[Beat]]:
    beats: list[Beat] = []
    heart = asyncio.create_task(_beat(beats))
    result: dict[str, Any] = await bench.main_async(args)
    heart.cancel()
    return result, beats


async def _beat(beats: list[Beat]) -> None:
    while True:
        due = time.perf_counter() + BEAT_S
        await asyncio.sleep(BEAT_S)
        now = time.perf_counter()
        beats.append(Beat(now, now - due, time.process_time()))
