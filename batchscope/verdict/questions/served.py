"""Does a server cost speed? Load points that send all at once, beside offline runs of the same prompts."""

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from batchscope.reporting.wording import SETTINGS
from batchscope.reports.serving.wording import CLOSED, OPEN
from batchscope.results.comparison import SPEED
from batchscope.results.frames import cell_value
from batchscope.statistics.spread import BETWEEN_STARTS, regime_of
from batchscope.verdict.comparing import NEAR
from batchscope.verdict.evidence import Evidence
from batchscope.verdict.schema import Question
from batchscope.verdict.settings import Judged
from batchscope.verdict.wording import spread_words, started

ID, QUESTION = "server", "Does a server cost speed?"

Beside = tuple[str, "pd.Series[Any]", Judged]
"""Study of the server, a load point, and the offline run with the same prompts and the same engine."""


def server_question(judged: Sequence[Judged], evidence: Evidence) -> Question:
    """Its answer: a single pass, so that the documented spread of engine starts decides."""
    found = list(_beside(judged, evidence))
    if not found:
        return Question(ID, QUESTION, "not asked", "No load sent at once what an offline run has.", None)
    study, point, run = min(found, key=_ratio)
    ratio = _ratio((study, point, run))
    spread = BETWEEN_STARTS[regime_of(run.row["device"], cell_value(run.row["utilization"]))].margin
    effect = f"{started(run.setting.words)}: through the server {ratio:.2f}x the speed of the offline engine"
    if max(ratio, 1 / ratio) - 1 > max(spread, NEAR):
        return Question(ID, QUESTION, "yes", f"{effect}, all requests sent at once.", study)
    if spread < NEAR:
        return Question(ID, QUESTION, "no", f"{effect}: no difference as large as 5 %.", study)
    less = f"not conclusive, as engine starts alone differ by up to {spread_words(spread)}"
    return Question(ID, QUESTION, "can't tell", f"{effect} here: {less}.", study)


def _beside(judged: Sequence[Judged], evidence: Evidence) -> Iterator[Beside]:
    offline = {_key(each.row): each for each in judged if each.row["valid"] and not each.row["unsteady"]}
    for study, points in evidence.serving.items():
        for _, point in points.iterrows():
            run = offline.get(_key(point))
            if point["valid"] and run is not None and _at_once(point):
                yield study, point, run


def _at_once(point: "pd.Series[Any]") -> bool:
    return all(cell_value(point[name]) is None for name in (CLOSED, OPEN, "load.requests"))


def _key(run: "pd.Series[Any]") -> frozenset[tuple[str, str]]:
    """Model, workload, engine and environment, without what is left at its default."""
    names = [name for name in run.index if name in SETTINGS or name.startswith("engine.")]
    asked = {name: cell_value(run[name]) for name in (*names, "fingerprint")}
    return frozenset((name, _shown(value)) for name, value in asked.items() if value is not None)


def _shown(value: Any) -> str:
    """A CSV file has made floats of some whole numbers."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _ratio(each: Beside) -> float:
    _, point, run = each
    return float(point[SPEED] / run.row[SPEED])
