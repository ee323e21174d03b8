"""Every run as a setting: how fast, how right, and whether it counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median_high
from typing import Any

import numpy as np
import pandas as pd

from batchscope.reporting.wording import FAILURES
from batchscope.results.comparison import SPEED, clocks_apart, comparable
from batchscope.results.frames import cell_value
from batchscope.results.metrics.label_quality import random_weights
from batchscope.statistics.accuracy import counted_once, with_gold_of
from batchscope.statistics.shares import grouped_share
from batchscope.statistics.verdict import Candidate, Loss, fault, gold_tells, loss_against
from batchscope.verdict.evidence import Evidence, name_of, starts_of
from batchscope.verdict.schema import Estimate, Right, Setting, State
from batchscope.verdict.wording import setting_words

FEW_TEXTS = 0.5
"""A run with fewer texts than this share of what most runs have is not compared: an engine takes a while to
fill, and to run empty."""

COMPARED = ("kept", "refused", "speed only")
"""States of settings that are compared with others."""

UNSTEADY = "its passes stand in two states"

RANDOM = "its weights are random, so labels mean nothing"

NO_REFERENCE = "there is no run with 1 text per prompt to hold labels against"

NO_TEXT = "it shares no text with the reference run"


@dataclass(frozen=True)
class Judged:
    """A run beside the one that it is held against."""

    row: "pd.Series[Any]"
    setting: Setting
    candidate: Candidate | None
    """None where it is not compared"""

    @property
    def name(self) -> str:
        """``study/run``."""
        return self.setting.id


def judge_all(evidence: Evidence, reference: "pd.Series[Any] | None") -> list[Judged]:
    """All runs, in the table's order.

    Args:
        evidence: the tables.
        reference: the run that labels are held against; None: there is none.
    """
    texts = usual_texts(evidence.runs)
    model = model_of(evidence)
    return [judge(run, evidence, reference, texts, model) for _, run in evidence.runs.iterrows()]


def usual_texts(runs: pd.DataFrame) -> int:
    """How many texts most runs have that ask about each once."""
    once = [int(run["texts"]) for _, run in runs.iterrows() if run["valid"] and run["duplicates"] == 1]
    return median_high(once) if once else 0


def model_of(evidence: Evidence) -> str:
    """The model that is asked about: the configuration's, else the one with most valid runs."""
    models = evidence.runs[evidence.runs["valid"].astype(bool)]["model"]
    asked = evidence.config.engine.model
    return asked if models.empty or (models == asked).any() else str(models.mode().iloc[0])


def judge(
    run: "pd.Series[Any]",
    evidence: Evidence,
    reference: "pd.Series[Any] | None",
    texts: int,
    model: str,
) -> Judged:
    """One run."""
    state, why = standing(run, evidence, reference, texts, model)
    candidate = _candidate(run, evidence, reference) if state == "kept" and reference is not None else None
    if state == "kept":
        limits = evidence.config.verdict
        refusal = fault(candidate, limits.margin / 100, limits.coverage / 100) if candidate else NO_TEXT
        state, why = ("refused", refusal) if refusal else (state, why)
    setting = Setting(
        id=name_of(run),
        study=str(run["study"]),
        words=setting_words(run, evidence.config),
        layout=str(run["layout"]),
        n=int(run["n"]) if run["layout"] == "packed" else 1,
        answer=str(cell_value(run.get("answer")) or "free"),
        engine=engine_arguments(run),
        speed=speed_of(run),
        right=right_of(run, evidence, reference),
        coverage=_known(run.get("label_coverage")),
        state=state,
        why=why,
    )
    return Judged(run, setting, candidate)


def standing(
    run: "pd.Series[Any]",
    evidence: Evidence,
    reference: "pd.Series[Any] | None",
    texts: int,
    model: str,
) -> tuple[State, str]:
    """Whether a run is compared at all, and why not."""
    if run["status"] != "ok":
        return "failed", FAILURES.get(run["status"], str(run["status"]))
    if not run["valid"]:
        return "invalid", f"its measurement does not count: {run['invalid']}"
    if why := apart(run, texts, model):
        return "not comparable", why
    across = evidence.config.compare_environments
    if reference is not None and not comparable(run, reference, across=across):
        return "not comparable", "measured in another environment than the reference run"
    if reference is not None and clocks_apart(run, reference):
        return "not comparable", "the GPU's clocks were fixed for it or for the reference run, not for both"
    return _labels_stand(run, evidence, reference)


def _labels_stand(
    run: "pd.Series[Any]", evidence: Evidence, reference: "pd.Series[Any] | None"
) -> tuple[State, str]:
    """The same, of a run whose speed is compared."""
    if random_weights(run["load_format"]):
        return "speed only", RANDOM
    if run["unsteady"]:
        return "refused", UNSTEADY
    if reference is None:
        return "speed only", NO_REFERENCE
    return ("kept", "") if evidence.labels_of(run) is not None else ("refused", "its labels were not read")


def apart(run: "pd.Series[Any]", texts: int, model: str) -> str:
    """What a run was asked that nobody asks of their own texts; empty: nothing."""
    if run["model"] != model:
        return "another model"
    if run["duplicates"] > 1:
        times = int(run["duplicates"])
        return (
            f"it sent each prompt {times} times, which shows what a cache does, and not what your texts take"
        )
    if run["texts"] < FEW_TEXTS * texts:
        count = int(run["texts"])
        return f"with {count:,} text{'' if count == 1 else 's'} it has too few to be compared with the others"
    return ""


def speed_of(run: "pd.Series[Any]") -> Estimate | None:
    """Texts a second, with the interval that the table gives."""
    value = _known(run[SPEED])
    if value is None:
        return None
    starts = starts_of(run)
    means = (
        "repeatability on one engine start" if starts == 1 else f"95 % interval over {starts} engine starts"
    )
    return Estimate(value, _known(run[f"{SPEED}_low"]), _known(run[f"{SPEED}_high"]), means)


def right_of(run: "pd.Series[Any]", evidence: Evidence, reference: "pd.Series[Any] | None") -> Right | None:
    """Accuracy where gold labels tell, else agreement with the reference run."""
    labels = evidence.labels_of(run)
    if labels is None or reference is None or (its := evidence.labels_of(reference)) is None:
        return None
    by_gold = gold_tells(its)
    rows = counted_once(labels if by_gold else with_gold_of(labels, counted_once(its)))
    rows = rows[rows["gold"].notna()]
    if rows.empty:
        return None
    right = np.asarray(rows["label"].to_numpy(object) == rows["gold"].to_numpy(object), dtype=bool)
    found = grouped_share(right, rows["prompt"].to_numpy(np.int64))
    return Right(
        "accuracy" if by_gold else "agreement", found.value, found.low, found.high, name_of(reference)
    )


def _candidate(run: "pd.Series[Any]", evidence: Evidence, reference: "pd.Series[Any]") -> Candidate | None:
    """A run as one that may be chosen; None where it shares no text with the reference run."""
    labels, its = evidence.labels_of(run), evidence.labels_of(reference)
    if labels is None or its is None:
        return None
    same = name_of(run) == name_of(reference)
    loss = Loss(0, 0, gold_tells(its)) if same else loss_against(labels, its)
    if loss is None:
        return None
    return Candidate(float(run["label_coverage"]), loss)


def reference_run(evidence: Evidence) -> "pd.Series[Any] | None":
    """The run that labels are held against: of the runs' own reference runs the one with most texts.

    Of several it is the one that most runs have.
    """
    valid, model = evidence.runs[evidence.runs["valid"].astype(bool)], model_of(evidence)
    valid = valid[valid["model"] == model]
    counts = valid["reference"].dropna().value_counts(sort=False)
    found = [(name, int(count)) for name, count in counts.items() if _is_there(str(name), evidence)]
    if not found:
        return None
    best = max(found, key=lambda each: (int(evidence.run(str(each[0]))["texts"]), each[1]))
    return evidence.run(str(best[0]))


def _is_there(name: str, evidence: Evidence) -> bool:
    study, _, run = name.partition("/")
    rows = evidence.runs[(evidence.runs["study"] == study) & (evidence.runs["run"] == run)]
    return len(rows) > 0 and bool(rows.iloc[0]["valid"]) and evidence.labels_of(rows.iloc[0]) is not None


def engine_arguments(run: "pd.Series[Any]") -> dict[str, Any]:
    """Engine arguments that were asked for."""
    names = [name for name in run.index if name.startswith("engine.") and name != "engine.environment"]
    asked = {name.removeprefix("engine."): cell_value(run[name]) for name in names}
    return {key: value for key, value in asked.items() if value is not None}


def with_states(judged: Sequence[Judged], recommended: str | None) -> tuple[Setting, ...]:
    """The settings, the recommended one and the frontier marked."""
    frontier = frontier_of([each.setting for each in judged])
    return tuple(
        replace(
            each.setting,
            state="recommended" if each.name == recommended else each.setting.state,
            frontier=each.name in frontier,
        )
        for each in judged
    )


def frontier_of(settings: Sequence[Setting]) -> set[str]:
    """Of settings that count, those that no other one beats in both speed and being right."""
    places = [
        (each.id, each.speed.value, each.right.value)
        for each in settings
        if each.state in ("kept", "refused")
        and each.same_as is None
        and each.speed
        and each.right
        and each.why != UNSTEADY
    ]
    return {
        name
        for name, fast, right in places
        if not any(f >= fast and r >= right and (f, r) != (fast, right) for _, f, r in places)
    }


def _known(value: Any) -> float | None:
    found = cell_value(value)
    return None if found is None else float(found)
