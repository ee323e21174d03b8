"""serving_{study}.csv, from what the client saw and the samples of the hardware (docs/serving.md)."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tests.audit.intervals import (
    BLOCKS,
    FEWEST,
    median_of_blocks,
    rate_ends,
    share_of_groups,
    slopes,
    student,
)
from tests.audit.raw import Run
from tests.audit.speed import hardware_row, repeat_rows, settings, state

Row = dict[str, Any]
NONE = (math.nan,) * 3
FEWEST_IN_OPEN_LOOP = 100


def load_row(run: Run, slo: Mapping[str, Any], published: Path) -> Row:
    """A row of the table."""
    client, repeat = run.table("client"), run.repeats[0]
    assert client is not None
    done = client[client["error"].isna()]
    seconds, sent = repeat["seconds"], len(client)
    texts = float(texts_of(run, done))
    energy = joules(run, float((done["sent_s"] + done["e2el_s"]).max()))
    load = {f"load.{key}": value for key, value in run.measurement["spec"]["load"].items()}
    state_of_client = run.measurement["client"]
    return {
        **settings(run),
        **state(run),
        **speed(run, done),
        **during_load(run, done),
        **load,
        "requests": len(done),
        "failed": sent - len(done),
        "duration_s": seconds,
        "texts_per_s": texts / seconds,
        "joules_per_text": energy / texts,
        **latency_figures(done),
        **copies(run, done),
        **goodput(client, slo, seconds),
        **steady_and_queue(run, client, done, texts / len(done)),
        "client_cpu_share": state_of_client["cpu_share"],
        "client_lag_median_ms": 1e3 * state_of_client["lag_median_s"],
        "client_lag_p99_ms": 1e3 * state_of_client["lag_p99_s"],
        **published_row(run, published),
    }


def speed(run: Run, done: pd.DataFrame) -> Row:
    """The metrics of a run; what was computed only where nothing came from the cache."""
    names = ("request_throughput", "total_token_throughput", "output_throughput")
    (row,) = repeat_rows(Client(run, done), None, None, None)
    found = {name: row[name] for name in names}
    return found | {"mfu": math.nan if run.repeats[0]["cached_tokens"] else row["mfu"]}


class Client(Run):
    """A load point whose requests are those that its client saw."""

    def __init__(self, run: Run, done: pd.DataFrame) -> None:
        super().__init__(run.folder)
        object.__setattr__(self, "done", done)

    def lengths(self) -> np.ndarray:
        done = self.done.assign(cached_tokens=0)
        return done[["prompt_tokens", "cached_tokens", "output_tokens"]].to_numpy(np.int64)


def texts_of(run: Run, done: pd.DataFrame) -> float:
    return float(done["output_tokens"].sum() / run.workload["output_tokens_per_text"])


def during_load(run: Run, done: pd.DataFrame) -> Row:
    """The hardware's samples from the first sending to the last answer."""
    hardware = run.table("hardware")
    assert hardware is not None
    last = (done["sent_s"] + done["e2el_s"]).max()
    inside = hardware[hardware["time_s"].between(0, last)]
    if inside.empty:
        before, after = hardware[hardware["time_s"] < 0], hardware[hardware["time_s"] > last]
        inside = hardware[hardware["time_s"].isin([before["time_s"].max(), after["time_s"].min()])]
    return hardware_row(inside)


def joules(run: Run, last: float) -> float:
    """The counter's difference over the load; it rises evenly between two readings."""
    hardware = run.table("hardware")
    assert hardware is not None
    if last < 2:
        return math.nan
    total = 0.0
    for _, rows in hardware.dropna(subset=["energy_j"]).sort_values("time_s").groupby("gpu"):
        first, end = np.interp([0.0, last], rows["time_s"], rows["energy_j"])
        total += float(end - first)
    return total


def latencies(done: pd.DataFrame) -> dict[str, np.ndarray]:
    several = done[done["output_tokens"] > 1]
    tpot = (several["e2el_s"] - several["ttft_s"]) / (several["output_tokens"] - 1)
    gaps = [np.asarray(each, float) for each in several["itls_s"]]
    found = {"ttft": done["ttft_s"], "tpot": tpot, "e2el": done["e2el_s"]}
    return {key: 1e3 * np.asarray(each, float) for key, each in found.items()} | {
        "itl": 1e3 * np.concatenate([np.empty(0), *gaps])
    }


def latency_figures(done: pd.DataFrame) -> Row:
    row: Row = {}
    for kind, values in latencies(done).items():
        there = len(values) > 0
        row[f"mean_{kind}_ms"] = values.mean() if there else math.nan
        for name, percent in (("median", 50), ("p90", 90), ("p95", 95), ("p99", 99)):
            row[f"{name}_{kind}_ms"] = float(np.percentile(values, percent)) if there else math.nan
    return row


def copies(run: Run, done: pd.DataFrame) -> Row:
    """Median TTFT of the prompts' first submissions, and of later ones."""
    prompts = run.measurement["prompts"]
    again = done["request"] >= prompts["prompts"] // prompts["duplicates"]
    first, later = (1e3 * done.loc[rows, "ttft_s"] for rows in (~again, again))
    both = len(first) and len(later)
    return {
        "seconds_of_the_copies": (done["sent_s"] + done["e2el_s"])[again].max() - done["sent_s"][again].min(),
        "first_median_ttft_ms": first.median() if both else math.nan,
        "again_median_ttft_ms": later.median() if both else math.nan,
    }


def goodput(client: pd.DataFrame, slo: Mapping[str, Any], seconds: float) -> Row:
    """Requests within the limits; those of one of eight blocks, in the order of sending, are alike."""
    rows = client.sort_values("sent_s", kind="stable")
    good = rows["error"].isna()
    further = (rows["output_tokens"] - 1).clip(lower=1)
    figures = {
        "ttft_ms": rows["ttft_s"],
        "tpot_ms": (rows["e2el_s"] - rows["ttft_s"]) / further,
        "e2el_ms": rows["e2el_s"],
    }
    for name, limit in slo.items():
        if limit is not None:
            good &= 1e3 * figures[name] <= limit
    found = (good.mean(), *share_of_groups(good.to_numpy(bool), np.arange(len(good)) * BLOCKS // len(good)))
    row = {f"good{end}": value for end, value in zip(("", "_low", "_high"), found, strict=True)}
    rate = len(client) / seconds
    return row | {
        f"goodput{end}": value * rate for end, value in zip(("", "_low", "_high"), found, strict=True)
    }


def three(name: str, values: tuple[float, float, float]) -> Row:
    return {f"{name}{end}": value for end, value in zip(("", "_low", "_high"), values, strict=True)}


def steady_and_queue(run: Run, client: pd.DataFrame, done: pd.DataFrame, texts: float) -> Row:
    load = run.measurement["spec"]["load"]
    row, grows = (open_loop(client, done), None) if load["request_rate"] else ({}, None)
    grows = bool(row) and row["came"] > row["finished_high"]
    most = most_under_way(done)
    return row | steady(done, most, texts, grows=grows) | {"most_under_way": most}


def open_loop(client: pd.DataFrame, done: pd.DataFrame) -> Row:
    """What came and was finished after the first quarter of the sending, and by how much TTFT grew."""
    sent = client["sent_s"].to_numpy(float)
    row: Row = {"sent_per_s": (len(sent) - 1) / (sent.max() - sent.min())}
    rows = done.sort_values("sent_s", kind="stable")
    at = rows["sent_s"].to_numpy(float)
    if len(rows) < FEWEST_IN_OPEN_LOOP:
        return row
    start, end = at[0] + (at[-1] - at[0]) / 4, at[-1]
    row["came"] = float(slopes(at, start, end).mean())
    finished = slopes(np.sort(at + rows["e2el_s"].to_numpy(float)), start, end)
    middle = float(finished.mean())
    later = rows[at >= start]
    blocks = [np.array_split(later[name].to_numpy(float), BLOCKS) for name in ("sent_s", "ttft_s")]
    when, wait = (np.array([block.mean() for block in each]) for each in blocks)
    steps = np.diff(wait) / np.diff(when)
    growth = float((wait[-1] - wait[0]) / (when[-1] - when[0]))
    half = student(len(steps) - 1) * float(steps.std(ddof=1)) / math.sqrt(len(steps))
    row |= three("finished", (middle, *rate_ends(middle, finished)))
    return row | three("ttft_growth", (growth, growth - half, growth + half))


def most_under_way(done: pd.DataFrame) -> int:
    sent = np.sort(done["sent_s"].to_numpy(float))
    ends = np.sort((done["sent_s"] + done["e2el_s"]).to_numpy(float))
    return int((np.arange(1, len(sent) + 1) - np.searchsorted(ends, sent, side="right")).max())


def steady(done: pd.DataFrame, most: int, texts: float, *, grows: bool) -> Row:
    """Figures of the steady window; none where the queue grows, or where fewer than 40 are answered in it."""
    ends = (done["sent_s"] + done["e2el_s"]).to_numpy(float)
    order = np.argsort(ends, kind="stable")
    ends, rows = ends[order], done.iloc[order]
    start = ends[most - 1]
    inside = (ends > start) & (ends <= rows["sent_s"].max())
    if grows or inside.sum() < FEWEST:
        return {"steady_requests": 0, "under_way": float(most)}
    end, answered = ends[inside][-1], rows[inside]
    seconds = end - start
    late = latencies(answered)
    middle = inside.sum() / seconds
    rate = (middle, *rate_ends(middle, slopes(ends, start, end)))
    overlap = np.clip(ends, start, end) - np.clip(rows["sent_s"].to_numpy(float), start, end)
    row = {
        "steady_s": seconds,
        "steady_requests": int(inside.sum()),
        "under_way": float(overlap.sum() / seconds),
        **three("steady_throughput", rate),
        **three("steady_texts_per_s", tuple(texts * value for value in rate)),  # type: ignore[arg-type]
    }
    for kind in ("ttft", "e2el"):
        row |= three(f"steady_median_{kind}_ms", median_of_blocks(late[kind]))
        row[f"steady_p99_{kind}_ms"] = float(np.percentile(late[kind], 99))
    return row


def published_row(run: Run, path: Path) -> Row:
    """The published load: n texts in one pass, all sent at once, nothing from a cache."""
    work, load, prompts = run.workload, run.measurement["spec"]["load"], run.measurement["prompts"]
    rows = pd.read_csv(path)
    rows = rows[(rows["layout"] == work["layout"]) & (rows["n"] == work["n"])]
    once = load["max_concurrency"] is None and load["request_rate"] is None and not load["requests"]
    if rows.empty or not once or prompts["labels"] != work["n"] or run.resolved["enable_prefix_caching"]:
        return {}
    found = rows.iloc[0].drop(["study", "layout", "n"])
    return {f"published.{name}": float(value) for name, value in found.items()}
