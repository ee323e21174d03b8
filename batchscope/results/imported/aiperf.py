"""AIPerf's ``profile_export_aiperf``, JSON or CSV: a load on a server, as one client saw it.

Checked against files of AIPerf 0.13. What it calls inter-token latency is a request's time after its first
token, by its further tokens: vLLM's TPOT. Its inter-chunk latency is vLLM's ITL. The CSV names neither the
model, the load nor AIPerf's version.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from batchscope.results.imported.figures import Figures
from batchscope.results.imported.values import at, last_part, number, per_second, positive, text, times, total

MAJOR = "1"
"""Of the schema's versions."""

TO_MS = {"ms": 1.0, "sec": 1e3, "s": 1e3, "us": 1e-3, "ns": 1e-6}
TO_S = {unit: factor / 1e3 for unit, factor in TO_MS.items()}

LONG_NAMES = {"total_input_sequence_length": "total_isl", "total_output_sequence_length": "total_osl"}
"""Metrics whose name in the CSV is none that the JSON has."""


def recognises(content: Any) -> bool:
    """Whether it is one, of whatever version."""
    metrics = _metrics(content)
    return all(
        isinstance(at(metrics, name, "unit"), str) for name in ("request_latency", "request_throughput")
    )


def refusal(content: Any) -> str | None:
    """Why this version cannot be read; None where it can. Early files name no version, nor does the CSV."""
    version = text(content, "schema_version") or MAJOR
    if version.split(".")[0] == MAJOR:
        return None
    return f"is of version {version} of AIPerf's export, and versions {MAJOR}.x are known"


def rows(content: Any) -> list[Figures]:
    """Its one row."""
    metrics = _metrics(content)
    seconds = _scaled(metrics, "benchmark_duration", "avg", TO_S)
    tokens = [_single(metrics, name) for name in ("total_isl", "total_osl")]
    return [
        Figures(
            version=text(content, "aiperf_version"),
            **_asked(content),
            requests=_single(metrics, "request_count"),
            failed=_single(metrics, "error_request_count") if "error_request_count" in metrics else 0.0,
            duration_s=seconds,
            prompt_tokens=tokens[0],
            output_tokens=tokens[1],
            request_throughput=_single(metrics, "request_throughput"),
            output_throughput=_single(metrics, "output_token_throughput"),
            total_token_throughput=_single(metrics, "total_token_throughput")
            or per_second(total(*tokens), seconds),
            **_latencies(metrics),
        )
    ]


def _latencies(metrics: Any) -> dict[str, Any]:
    names = {
        "ttft": "time_to_first_token",
        "tpot": "inter_token_latency",
        "itl": "inter_chunk_latency",
        "e2el": "request_latency",
    }
    return {
        f"{statistic}_{kind}_ms": _scaled(metrics, name, percentile, TO_MS)
        for kind, name in names.items()
        for statistic, percentile in (("median", "p50"), ("p99", "p99"))
    }


def _single(metrics: Any, name: str) -> float | None:
    """A metric that is one number."""
    return number(metrics, name, "avg")


def _scaled(metrics: Any, name: str, statistic: str, units: Mapping[str, float]) -> float | None:
    """A time; None where its unit is not known."""
    return times(positive(metrics, name, statistic), units.get(text(metrics, name, "unit") or ""))


def _asked(content: Any) -> dict[str, Any]:
    """Model and load, as its configuration has them: those of the last phase that is no warm-up."""
    config = at(content, "input_config")
    phases = [each for each in _list(config, "phases") if text(each, "kind") != "warmup"]
    load = phases[-1] if phases else None
    models = [text(each, "name") for each in _list(at(config, "models"), "items")]
    return {
        "model": last_part(models[0]) if len(models) == 1 else None,
        "load": text(load, "type"),
        "max_concurrency": positive(load, "concurrency"),
        "request_rate": positive(load, "rate"),
    }


def _list(values: Any, key: str) -> list[Any]:
    found = at(values, key)
    return found if isinstance(found, list) else []


def _metrics(content: Any) -> Mapping[str, Any]:
    """Metrics by the JSON's names, of either kind of file."""
    if isinstance(content, Mapping):
        return content
    return dict(_of_csv(content)) if isinstance(content, list) else {}


def _of_csv(rows: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    """Metrics of the CSV: tables one below the other, each with a header of its own."""
    columns: Sequence[str] = ()
    for row in rows:
        if not isinstance(row, list) or not row:
            columns = ()
        elif row[0] == "Metric":
            columns = ["avg" if name == "Value" else name for name in row]
        elif len(row) == len(columns):
            name, _, unit = row[0].rstrip(")").partition(" (")
            tag = name.strip().lower().replace(" ", "_")
            values = {column: _float(cell) for column, cell in zip(columns[1:], row[1:], strict=True)}
            yield LONG_NAMES.get(tag, tag), {"unit": unit, **values}


def _float(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
