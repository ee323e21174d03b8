"""The answer for texts that lie there: the offline engine."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from batchscope.results.frames import cell_value
from batchscope.statistics.accuracy import counted_once
from batchscope.statistics.replicates import ENOUGH_UNITS
from batchscope.statistics.resampling import ENOUGH_PROMPTS
from batchscope.statistics.spread import BETWEEN_STARTS, regime_of
from batchscope.statistics.verdict import gold_tells, guesses
from batchscope.verdict.answers.choice import Chosen, chosen, not_told_apart
from batchscope.verdict.answers.sentences import (
    nothing_counts,
    speed_alone,
    use_it,
    why_none,
)
from batchscope.verdict.doubts import doubts
from batchscope.verdict.evidence import Evidence, name_of, starts_of
from batchscope.verdict.gains import default_words, gains_of, per_million
from batchscope.verdict.limits import limited_by
from batchscope.verdict.next_steps import next_steps
from batchscope.verdict.same_setting import once
from batchscope.verdict.schema import Answer, Fastest, Gain, RestsOn, Right, Sure
from batchscope.verdict.settings import Judged
from batchscope.verdict.wording import spread_words

FEW = f"Nothing is recommended: fewer than {ENOUGH_PROMPTS} prompts cannot tell how right a setting is."

PARALLEL = ("tensor_parallel_size", "pipeline_parallel_size", "data_parallel_size")


def offline_answer(
    judged: Sequence[Judged], evidence: Evidence, reference: "pd.Series[Any] | None", results: str
) -> Answer:
    """The setting to use, or why none.

    Args:
        judged: all runs.
        evidence: the tables.
        reference: the run that labels are held against.
        results: the folder of results, as a command names it.
    """
    settings = once(judged)
    guess = _guess(evidence, reference)
    few = too_few(evidence, reference)
    found = None if guess or few else chosen(settings, evidence.config.engine.args)
    if found:
        return _recommend(found, judged, evidence, reference, results)
    if fastest := fastest_of(settings):
        return _nothing(fastest, judged, evidence, reference, results)
    steps = next_steps(None, judged, evidence, results)
    return Answer(recommended=None, words=None, sentence=nothing_counts(judged), next=steps)


def _nothing(
    fastest: Judged,
    judged: Sequence[Judged],
    evidence: Evidence,
    reference: "pd.Series[Any] | None",
    results: str,
) -> Answer:
    """Why nothing is recommended; and of random weights, what is known of speed all the same."""
    alone = fastest.setting.state == "speed only"
    gains, speed = gains_of(fastest, judged, evidence) if alone else (), fastest.setting.speed
    price = evidence.config.verdict.price_per_gpu_hour
    return Answer(
        recommended=None,
        words=None,
        sentence=_why_none(fastest, judged, gains, evidence, reference),
        rests_on=rests_on(fastest, reference, evidence),
        sure=_sure_of_speed(fastest) if alone else Answer.sure,
        gains=gains,
        default=default_words(fastest, evidence) if alone else None,
        per_million=per_million(speed, gpus_of(fastest.row), price) if alone and speed else None,
        limited_by=limited_by(fastest.row, evidence.cost_of(fastest.name)) if alone else None,
        could_be_wrong=doubts(fastest, judged, evidence) if alone else (),
        next=next_steps(None, judged, evidence, results),
        fastest=_fastest(fastest) if alone else None,
    )


def _recommend(
    found: Chosen,
    judged: Sequence[Judged],
    evidence: Evidence,
    reference: "pd.Series[Any] | None",
    results: str,
) -> Answer:
    use, setting, limits = found.use, found.use.setting, evidence.config.verdict
    gains = gains_of(use, judged, evidence)
    assert setting.speed, f"{use.name} was chosen by its speed"  # noqa: S101
    return Answer(
        recommended=use.name,
        words=setting.words,
        sentence=use_it(found, once(judged), gains, reference, limits),
        speed=setting.speed,
        right=_right(use, limits.margin / 100),
        coverage=setting.coverage,
        rests_on=rests_on(use, reference, evidence),
        sure=sure_of(use.row, reference),
        gains=gains,
        default=default_words(use, evidence),
        per_million=per_million(setting.speed, gpus_of(use.row), limits.price_per_gpu_hour),
        limited_by=limited_by(use.row, evidence.cost_of(use.name)),
        could_be_wrong=doubts(use, judged, evidence),
        next=next_steps(use, judged, evidence, results),
        fastest=_fastest(found.fastest),
    )


def too_few(evidence: Evidence, reference: "pd.Series[Any] | None") -> bool:
    """Whether the reference run has too few prompts to say anything about labels."""
    its = evidence.labels_of(reference) if reference is not None else None
    return its is not None and counted_once(its)["prompt"].nunique() < ENOUGH_PROMPTS


def _guess(evidence: Evidence, reference: "pd.Series[Any] | None") -> tuple[str, float] | None:
    """The label that would be as right as the reference run; None where its labels tell more."""
    its = evidence.labels_of(reference) if reference is not None else None
    return guesses(its) if its is not None and gold_tells(its) else None


def _why_none(
    fastest: Judged,
    judged: Sequence[Judged],
    gains: Sequence[Gain],
    evidence: Evidence,
    reference: "pd.Series[Any] | None",
) -> str:
    settings = once(judged)
    few, guess = too_few(evidence, reference), _guess(evidence, reference)
    if few:
        return FEW
    if guess and reference is not None:
        words = next(each.setting.words for each in judged if each.name == name_of(reference))
        return why_none(guess, words)
    if fastest.setting.state == "speed only":
        others = [each for each in settings if each.setting.state == "speed only" and each is not fastest]
        return speed_alone(fastest, not_told_apart(fastest, others), gains, len(others) + 1)
    return why_none(None, "", settings)


def fastest_of(judged: Sequence[Judged]) -> Judged | None:
    """The fastest of the settings that are compared and steady, however right they are."""
    compared = [
        each
        for each in judged
        if each.setting.state in ("kept", "refused", "speed only") and each.setting.speed
    ]
    steady = [each for each in compared if not each.row["unsteady"]]
    return max(steady, key=_speed, default=None)


def _speed(each: Judged) -> float:
    return each.setting.speed.value if each.setting.speed else 0.0


def _fastest(each: Judged | None) -> Fastest | None:
    if each is None or each.setting.speed is None:
        return None
    return Fastest(each.name, each.setting.words, each.setting.speed)


def _right(use: Judged, margin: float) -> Right | None:
    right = use.setting.right
    most = use.candidate.loss.most if use.candidate else None
    return (
        replace(right, most_lost=None if most is None else max(0.0, most), margin=margin) if right else None
    )


def rests_on(use: Judged, reference: "pd.Series[Any] | None", evidence: Evidence) -> RestsOn:
    """The evidence of one run."""
    run = use.row
    starts, repeats, texts = starts_of(run), int(run["repeats"]), int(run["texts"])
    its = evidence.labels_of(reference) if reference is not None else None
    gold = its is not None and gold_tells(its)
    gpus = 0 if run["device"] == "cpu" else len(str(cell_value(run["gpu_ids"]) or "?").split())
    started = "one engine start" if starts == 1 else f"{starts} engine starts"
    where = "a CPU" if gpus == 0 else "one GPU" if gpus == 1 else f"{gpus} GPUs"
    labels = f"with{'' if gold else 'out'} gold labels" if its is not None else "whose labels are not judged"
    words = f"{started} on {where}, {repeats} repeat{'' if repeats == 1 else 's'}, {texts:,} texts {labels}"
    return RestsOn(starts, gpus, repeats, texts, gold, words)


def sure_of(run: "pd.Series[Any]", reference: "pd.Series[Any] | None") -> Sure:
    """How sure the speed is."""
    starts = min(starts_of(each) for each in (run, reference) if each is not None)
    if starts >= ENOUGH_UNITS:
        return Sure(
            "settled", f"Settled: measured in {starts} engine starts, whose own spread is in the interval."
        )
    spread = BETWEEN_STARTS[regime_of(run["device"], cell_value(run["utilization"]))].margin
    return Sure(
        "one start",
        f"Repeatability on one engine start: another start may be up to {spread_words(spread)} faster "
        "or slower.",
    )


def _sure_of_speed(fastest: Judged) -> Sure:
    """How sure a speed is where nothing is recommended."""
    said = sure_of(fastest.row, None).words
    return Sure("none", f"Nothing is recommended. The speed: {said[:1].lower()}{said[1:]}")


def gpus_of(run: "pd.Series[Any]") -> int:
    """GPUs that the run's engine is spread over."""
    count = 1
    for key in PARALLEL:
        count *= int(cell_value(run.get(f"engine.{key}")) or 1)
    return count
