"""The load: `vllm bench serve` in this process, with our prompts, and a check of how late it is.

All of it is vLLM's own code except the reading of prompts: vLLM's reader for custom data needs pandas, which
a CPU engine lacks, and takes only text. The tokenizer is loaded once instead of in every call.
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
from vllm.utils.argparse_utils import FlexibleArgumentParser

PERCENTILES = "50,90,95,99"
BEAT_S = 0.005
"""Seconds between two beats of the client's event loop; how late a beat comes is the loop's lag."""


@dataclass(frozen=True)
class Target:
    """The server that gets the load: address, model folder, name under which it serves it, and token."""

    url: str
    model: str
    name: str
    token: str


@dataclass(frozen=True)
class Beat:
    """When the event loop came by, how late it was, and this process's CPU time so far; all in seconds."""

    at: float
    lag: float
    cpu: float


def run_load(
    target: Target, requests: Sequence[SampleRequest], load: dict[str, Any], extra: dict[str, Any], out: Path
) -> tuple[dict[str, Any], list[Beat]]:
    """Send requests as ``load`` says, and wait for all answers.

    Args:
        target: the server.
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
    parser = FlexibleArgumentParser()
    bench.add_cli_args(parser)
    # vLLM's client reads its token there, and would otherwise send requests to this machine through a proxy.
    os.environ |= {"OPENAI_API_KEY": target.token, "NO_PROXY": "*", "no_proxy": "*"}
    with _reading(requests):
        result, beats = asyncio.run(_with_beats(parser.parse_args(argv)))
    return result, within(beats, *window_of(result))


def window_of(result: dict[str, Any]) -> tuple[float, float]:
    """Start of the first request and end of the last answer, in seconds on ``time.perf_counter``'s clock.

    On Linux that is the clock of ``time.monotonic``, which steps and hardware samples use.
    """
    start = min(result["start_times"])
    return start, start + result["duration"]


def within(beats: Sequence[Beat], start: float, end: float) -> list[Beat]:
    """The beats between two moments."""
    return [beat for beat in beats if start <= beat.at <= end]


def client_load(beats: Sequence[Beat], seconds: float) -> dict[str, float | None]:
    """How busy and how late the client was; null where the window is too short to tell."""
    if len(beats) < 2:
        return {"cpu_share": None, "lag_median_s": None, "lag_p99_s": None, "lag_max_s": None}
    lags = [beat.lag for beat in beats]
    # A loop that was blocked has no beats that say how late it was; the gaps between beats do.
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
    """Let `vllm bench serve` find these requests where it would read a data set."""
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
