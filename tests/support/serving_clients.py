"""Run with an engine environment's Python: a server, and two clients that take turns, request by request.

The one is `vllm bench serve`, as load points have it; the other a plain HTTP client that shares nothing with
it. Each sends the first request of every other turn. Writes their latencies in seconds as JSON.

The fastest of each count, or the median of the turns' ratios. Other work on these cores only adds, now to the one and
now to the other, so more turns bring the fastest nearer to what each client takes by itself; where other work
never stops, the fastest is luck, and turns that lie beside each other are alike. Short requests serve both: there is a moment
for them between other work, and turns are nearer to each other. A difference that is a
client's own stays in both, however many turns there are.
"""

import http.client
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

TURNS = 20
MOST_TURNS = 240
WARM_UP = 3
AGREED = 0.05


def bench(target, request) -> dict[str, float]:
    from batchscope.worker.server.client import run_load
    from batchscope.worker.server.measure_load import AT_ONCE

    result, _ = run_load(target, [request], AT_ONCE, {}, Path(tempfile.gettempdir()))
    ttft, itls = result["ttfts"][0], result["itls"][0]
    return {"ttft": ttft, "e2el": ttft + sum(itls), "chunks": 1 + len(itls)}


def plain(server, text: str, tokens: int) -> dict[str, float]:
    address = urlsplit(server.url)
    body = {
        "model": server.name, "prompt": text, "max_tokens": tokens, "ignore_eos": True, "temperature": 0, "stream": True,
    }  # fmt: skip
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {server.token}"}
    start, times = time.perf_counter(), []
    connection = http.client.HTTPConnection(address.hostname, address.port)
    connection.request("POST", "/v1/completions", json.dumps(body), headers)
    for line in connection.getresponse():
        if line.startswith(b'data: {"') and json.loads(line[6:])["choices"]:
            times.append(time.perf_counter() - start)
    connection.close()
    return {"ttft": times[0], "e2el": times[-1], "chunks": len(times)}


def status_without_token(server) -> int:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.hostname, address.port)
    connection.request("GET", "/v1/models")
    status = connection.getresponse().status
    connection.close()
    return status


def ratios(found, kind: str) -> tuple[float, float]:
    """One client's latency over the other's: of the fastest of each, and the median over turns."""
    bench, plain = ([one[kind] for one in found[client]] for client in ("bench", "plain"))
    return min(bench) / min(plain), median(one / other for one, other in zip(bench, plain, strict=True))


def agreed(found) -> bool:
    """Whether both clients are as near as the test asks."""
    return all(min(abs(ratio - 1) for ratio in ratios(found, kind)) <= AGREED for kind in ("ttft", "e2el"))


def main() -> None:
    os.environ["BATCHSCOPE_STEPS"] = str(Path(tempfile.mkdtemp()) / "steps")
    import vllm.entrypoints.cli.main  # noqa: F401 - the server begins as a copy of this process

    from batchscope.worker.server.server_process import running_server

    job = json.loads(Path(sys.argv[1]).read_text())
    host = {
        "server": {"port": None}, "model": job["model"], "args": job["args"],
        "asset": {"load_format": "dummy", "trust_remote_code": False},
    }  # fmt: skip
    with running_server(host, lambda text: None) as server:
        from vllm.benchmarks.datasets import SampleRequest

        from batchscope.worker.server.client import Target

        server.wait_until_ready(lambda text: None)
        target, request = (
            Target(server.url, job["model"], server.name, server.token),
            SampleRequest(job["text"], job["prompt_tokens"], job["tokens"]),
        )
        found = {"bench": [], "plain": [], "without_token": status_without_token(server)}
        clients = {
            "bench": lambda: bench(target, request),
            "plain": lambda: plain(server, job["text"], job["tokens"]),
        }
        for turn in range(WARM_UP + MOST_TURNS):
            for name in sorted(clients, reverse=turn % 2 == 1):
                one = clients[name]()
                if turn >= WARM_UP:
                    found[name].append(one)
            if (taken := len(found["plain"])) and taken % TURNS == 0 and agreed(found):
                break
    Path(job["out"]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
