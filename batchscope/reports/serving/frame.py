"""One row a load point: what a run's row has (`batchscope.results.frames`), the load, and latencies.

Columns of its own:

- ``label``: the load point in words (`batchscope.reports.serving.wording`), of which no other has the same.
- ``load.<key>``: how the server got its requests.
- ``duration_s, failed, texts_per_s``; ``<statistic>_<kind>_ms`` for each of `latencies.KINDS`.
- ``first_median_ttft_ms, again_median_ttft_ms``: of the prompts' first submissions, and of later ones.
- ``good, good_low, good_high``: share of requests within the limits, with Wilson's interval for requests that
  wait on each other; ``goodput, goodput_low, goodput_high``: the same as requests/s.
- ``steady_<figure>``, of the load without ramp and drain (`load_window`); some with ``_low`` and ``_high``.
  ``under_way``: how many were, on the average of that window, else at most (``most_under_way``); ``reached``:
  whether so many as asked for. ``sent_per_s``, ``realised``: the same of an open loop's rate.
- ``came, finished, ttft_growth``: of an open loop (`queue_growth`), the last two with ``_low`` and ``_high``;
  ``queue``: ``keeps up``, ``piles up`` or ``not settled``. NA for other loads, and for too few requests.
- ``joules_per_text``: of the texts that were answered.
- ``client_cpu_share, client_lag_median_ms, client_lag_p99_ms``.
- ``published.<name>``: as docs/reference/h800/serving.csv has them; ``same_prompts``.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from batchscope.config.serving import Slo
from batchscope.reports.serving.steady import queue_columns, steady_columns
from batchscope.reports.serving.wording import point_names
from batchscope.results.faults import not_accepted
from batchscope.results.frames import runs_frame
from batchscope.results.gates import validity_of
from batchscope.results.loads.latencies import MS, first_and_again, statistics, within_slo
from batchscope.results.loads.points import LoadPoint
from batchscope.results.published.serving import published_for

Row = dict[str, Any]


def serving_frame(points: Sequence[LoadPoint], slo: Slo, published: pd.DataFrame) -> pd.DataFrame:
    """One row a load point, in the order given; columns as the module says."""
    runs = runs_frame([point.run for point in points], [])
    runs = runs.loc[:, ~runs.columns.str.startswith(("published.", "reproduced.", "same_"))]
    rows = [_validity(point) | _load(point) | _measured(point, slo) for point in points]
    ours = pd.DataFrame(rows, index=runs.index)
    theirs = pd.DataFrame([_published(point, published) for point in points], index=runs.index)
    frame = pd.concat([runs.drop(columns=[*set(runs) & set(ours)]), ours, theirs], axis="columns")
    frame.insert(list(frame).index("run") + 1, "label", point_names(frame))
    return frame


def _validity(point: LoadPoint) -> Row:
    found, served = validity_of(point.run), point.served
    reasons = [f"{item.code}: {item.detail}" for item in found.invalid]
    if served.message:
        refused = served.status == "refused"
        reasons.insert(0, not_accepted(served.message) if refused else served.message)
    return {
        "valid": found.valid,
        "invalid": ", ".join(dict.fromkeys(item.code for item in found.invalid)) or None,
        "reason": "; ".join(reasons) or None,
    }


def _load(point: LoadPoint) -> Row:
    return {f"load.{key}": value for key, value in point.load.model_dump(exclude={"timeout_s"}).items()}


def _texts(point: LoadPoint) -> float:
    """Texts that were answered: by output tokens where each has so many, else by the prompts."""
    workload, done = point.served.spec.workload, point.finished
    if workload.answer == "free" and workload.output_tokens_per_text:
        return float(done["output_tokens"].sum() / workload.output_tokens_per_text)
    return sum(workload.texts_in_prompt(number) for number in done["prompt"])


def _measured(point: LoadPoint, slo: Slo) -> Row:
    seconds = point.served.repeats[0].seconds if point.served.repeats else np.nan
    done, good, state = point.finished, within_slo(point.client, slo), point.served.client
    shares = (good.value, good.low, good.high) if good else (np.nan,) * 3
    good_shares = dict(zip(("", "_low", "_high"), shares, strict=True))
    sent, prompts = len(point.client), point.served.prompts.prompts
    first, again = first_and_again(point.client, prompts // point.served.spec.workload.duplicates)
    texts = _texts(point)
    return {
        "requests": len(done),
        "failed": sent - len(done),
        "duration_s": seconds,
        "texts_per_s": texts / seconds,
        "joules_per_text": _or_nan(point.served.repeats[0].energy_j) / texts if texts else np.nan,
        **statistics(point.client),
        "first_median_ttft_ms": first,
        "again_median_ttft_ms": again,
        **{f"good{end}": value for end, value in good_shares.items()},
        **{f"goodput{end}": value * sent / seconds for end, value in good_shares.items()},
        **(found := queue_columns(point)),
        **steady_columns(point, grows=found["queue"] == "piles up"),
        "client_cpu_share": _or_nan(state.cpu_share),
        "client_lag_median_ms": MS * _or_nan(state.lag_median_s),
        "client_lag_p99_ms": MS * _or_nan(state.lag_p99_s),
    }


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _published(point: LoadPoint, published: pd.DataFrame) -> Row:
    theirs = published_for(published, point)
    if theirs is None:
        return {"same_prompts": None}
    totals = point.served.repeats[0] if point.served.repeats else None
    same = totals is not None and (
        (totals.prompt_tokens, totals.output_tokens) == (theirs["input_tokens"], theirs["generated_tokens"])
    )
    figures = {f"published.{name}": value for name, value in theirs.items() if name != "study"}
    return {**figures, "same_prompts": same}
