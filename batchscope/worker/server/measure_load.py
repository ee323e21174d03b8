"""Measures one load point on a started server: warm-up, load, checks, and the files of the load point."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
from vllm.benchmarks.datasets import SampleRequest

from batchscope.common.answer_limits import asked_answers, output_tokens_check
from batchscope.common.energy_counter import energy_between
from batchscope.common.schemas import CLIENT, HARDWARE, STEPS, Sample
from batchscope.worker.engine.measure_run import expected_cached_tokens, read_requests, warmup_requests
from batchscope.worker.engine.start import differing_arguments
from batchscope.worker.engine.timed_pass import Request
from batchscope.worker.server.answer_bodies import bodies_of
from batchscope.worker.server.client import Target, client_load, run_load, window_of
from batchscope.worker.server.prompt_texts import Texts, read_texts
from batchscope.worker.server.server_process import Server
from batchscope.worker.telemetry.environment import write_environment
from batchscope.worker.telemetry.hardware import energy_readings, sampling
from batchscope.worker.telemetry.pass_recorder import Instruments
from batchscope.worker.telemetry.sparse_layers import is_wanted

AT_ONCE: dict[str, Any] = {"request_rate": None, "burstiness": 1.0, "max_concurrency": None, "seed": 0}


def repeated(requests: Sequence[Request], count: int) -> list[Request]:
    """``count`` requests: all prompts in their order, again and again."""
    return list(islice(cycle(requests), count))


def describe(load: dict[str, Any]) -> str:
    """How a load is sent, in words."""
    rate, most = load["request_rate"], load["max_concurrency"]
    arrival = "at once" if rate is None else f"{rate:g} a second"
    return arrival + (f", at most {most} under way" if most else "")


def totals(bench: dict[str, Any]) -> dict[str, Any]:
    """Seconds and counts of a load, under measurement.json's names, from bench.json."""
    return {
        "seconds": bench["duration"],
        "requests": bench["completed"],
        "failed": bench["failed"],
        "prompt_tokens": bench["total_input_tokens"],
        "output_tokens": bench["total_output_tokens"],
    }


def request_rows(bench: dict[str, Any], requests: Sequence[Request]) -> list[dict[str, Any]]:
    """Rows of client.parquet."""
    start, rows = min(bench["start_times"]), []
    queued = bench.get("queue_times") or [None] * len(requests)  # vLLM 0.26 has none
    for number, request in enumerate(requests):
        failed, itls = bench["errors"][number], bench["itls"][number]
        ttft = None if failed else bench["ttfts"][number]
        rows.append(
            {
                "request": number,
                "prompt": request.prompt,
                "prompt_tokens": bench["input_lens"][number],
                "output_tokens": bench["output_lens"][number],
                "sent_s": bench["start_times"][number] - start,
                "queued_s": queued[number],
                "ttft_s": ttft,
                "e2el_s": None if ttft is None else ttft + sum(itls),
                "itls_s": itls,
                "text": bench["generated_texts"][number],
                "error": failed.strip() or None,
            }
        )
    return rows


def closure_failures(
    rows: Sequence[dict[str, Any]], requests: Sequence[Request], cached: int, expected: int | None
) -> list[dict[str, str]]:
    """Reasons why a load point does not count, as ``invalid`` of measurement.json; empty for a valid one.

    ``cached``: prompt tokens that the prefix cache served; ``expected``: as many as theory has, None where
    it is silent.
    """
    failed = [row["error"].splitlines()[-1] for row in rows if row["error"]]
    why = f" (the first that failed: {failed[0]})" if failed else ""
    wanted = sum(len(each.token_ids) for each in requests)
    outputs, limits = [row["output_tokens"] for row in rows], [each.answer for each in requests]
    checks = [
        ("requests", len(rows) - len(failed), len(requests), f"requests finished{why}"),
        ("prompt_tokens", sum(row["prompt_tokens"] for row in rows), wanted, "prompt tokens"),
        output_tokens_check(outputs, limits),
    ]
    if expected is not None:
        checks.append(("cached_tokens", cached, expected, "prompt tokens from the cache"))
    return [
        {"code": code, "detail": f"{found} {what}, {asked} expected"}
        for code, found, asked, what in checks
        if found != asked
    ]


def counted_from(rows: Iterable[dict[str, Any]], start: float, *times: str) -> list[dict[str, Any]]:
    """Rows with the columns ``times`` counted from ``start``, when the first request was sent."""
    return [{"repeat": 0, **row, **{name: row[name] - start for name in times}} for row in rows]


def as_sent(
    requests: Sequence[Request], texts: Texts | None, bodies: Mapping[int, dict[str, Any]]
) -> list[SampleRequest]:
    """Requests as vLLM's client takes them: text, as users send it, or token ids where there are no texts."""
    return [
        SampleRequest(
            request.token_ids if texts is None else texts.of(request.prompt),
            len(request.token_ids),
            request.answer.most,
            request_id=str(number),
            **({"request_overrides": bodies[request.texts]} if bodies else {}),
        )
        for number, request in enumerate(requests)
    ]


class ServerHost:
    """A started server, its instruments and its age, as `batchscope.worker.job_socket` takes it."""

    def __init__(self, server: Server, instruments: Instruments, model: str) -> None:
        self.server = server
        self.instruments = instruments
        self.model = model
        self.loads = 0
        me = psutil.Process(server.process.pid)
        self.processes = [me, *me.children(recursive=True)]

    def measure(self, job: dict[str, Any], tell: Callable[[str], None]) -> dict[str, Any]:
        """Measure one load point; its files go into the job's folder.

        Args:
            job: ``spec``, the paths ``prompts``, ``texts`` and ``out``, ``answers`` as `AskedAnswers.as_json`
                has them, and ``adds_special_tokens``: whether the server's tokenizer is to add its own.
            tell: Called with each line of progress.

        Returns:
            What measurement.json says of what was measured; see docs/files.md.
        """
        age, reused, out = time.monotonic() - self.server.started, self.loads > 0, Path(job["out"])
        write_environment(job["spec"]["device"], out, self.instruments.probe.computing())
        result = self._measure(job, out, tell)
        resolved = self.server.resolved_arguments()
        engine = {
            "start_s": self.server.start_seconds,
            "reused": reused,
            "runs_before": self.loads,
            "age_s": age,
            "resolved": resolved,
        }
        if is_wanted(job["spec"]["model"]):
            engine["sparse_layers"] = self.server.sparse_layers()
        self.loads += 1
        result["invalid"] += differing_arguments(job["spec"]["engine"]["args"], resolved)
        return {**result, "engine": engine}

    def _measure(self, job: dict[str, Any], out: Path, tell: Callable[[str], None]) -> dict[str, Any]:
        spec, load = job["spec"], job["spec"]["load"]
        answers = asked_answers(job["answers"])
        prompts = read_requests(Path(job["prompts"]), answers)
        bodies, texts = bodies_of(prompts), read_texts(job) if load["prompts"] == "text" else None
        extra = {"add_special_tokens": False, **bodies.common} if texts and texts.whole else bodies.common
        target = Target(self.server.url, self.model, self.server.name, self.server.token)

        def send(requests: Sequence[Request], how: dict[str, Any]) -> Any:
            return run_load(target, as_sent(requests, texts, bodies.each), how, extra, out)

        warmup = []
        if first := warmup_requests(prompts, spec["measure"]["warmup_tokens"]):
            warmed, _ = send(first, AT_ONCE)
            warmup.append(totals(warmed))
            tell(f"warm-up: {len(first)} requests in {warmed['duration']:.2f} s")
        self.server.reset_prefix_cache()
        wanted = repeated(prompts, load["requests"] or len(prompts))
        tell(f"{len(wanted)} requests, {describe(load)}")
        samples: list[Sample] = []
        self.instruments.steps.skip()
        with sampling(self.instruments.probe, samples):
            bench, beats = send(wanted, load)
        start, end = window_of(bench)
        steps = self._steps(start)
        rows = request_rows(bench, wanted)
        for name, table, schema in (
            ("client", rows, CLIENT),
            ("steps", steps, STEPS),
            ("hardware", counted_from(samples, start, "time_s"), HARDWARE),
        ):
            pq.write_table(pa.Table.from_pylist(table, schema), out / f"{name}.parquet", compression="zstd")
        cached = sum(row["cached_tokens"] for row in steps)
        expected = expected_cached_tokens(spec, wanted, self.server.resolved_arguments())
        tell(
            f"{bench['completed']} of {len(wanted)} requests in {bench['duration']:.2f} s, "
            f"{bench['request_throughput']:.2f} requests/s, median TTFT {bench['median_ttft_ms']:.1f} ms"
        )
        return {
            "warmup": warmup,
            "repeats": [
                {
                    "started_at": time.time() - (time.monotonic() - start),
                    **totals(bench),
                    "cached_tokens": cached,
                    "steps": len(steps),
                    "energy_j": energy_between(energy_readings(samples), start, end),
                }
            ],
            "expected_cached_tokens": expected,
            "client": client_load(beats, bench["duration"]),
            "invalid": closure_failures(rows, wanted, cached, expected),
        }

    def _steps(self, start: float) -> list[dict[str, Any]]:
        """Rows of steps.parquet."""
        rows = counted_from(self.instruments.steps.rows(), start, "scheduled_s", "finished_s")
        return [{**row, "step": number} for number, row in enumerate(rows)]
