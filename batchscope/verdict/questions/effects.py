"""Does it matter? One answer a question, by the rule of all claims."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from batchscope.reporting.claims import Doubt
from batchscope.reports.labels.verdicts import CHANCE as CHANCE_OF_LABELS
from batchscope.statistics.accuracy import Difference, difference
from batchscope.statistics.replicates import holm
from batchscope.statistics.verdict import gold_tells
from batchscope.verdict.comparing import NEAR, Compared, compare, doubts_of, is_known, is_near
from batchscope.verdict.evidence import Evidence
from batchscope.verdict.questions.topics import TOPICS, Pair, Topic, pairs_of
from batchscope.verdict.schema import Matters, Question
from batchscope.verdict.settings import Judged
from batchscope.verdict.wording import percent, points, started, times


@dataclass(frozen=True)
class Held:
    """A pair, and what came of it."""

    pair: Pair
    speed: Compared
    doubt: Doubt | None
    """why the difference of speeds may not come out again; None: it would"""

    @property
    def claimed(self) -> bool:
        """Whether the difference of speeds would come out again."""
        return self.doubt is None


def questions(judged: Sequence[Judged], evidence: Evidence) -> tuple[Question, ...]:
    """Those that offline runs answer."""
    usual = {f"engine.{key}": value for key, value in evidence.config.engine.args.as_vllm().items()}
    return tuple(answered(topic, pairs_of(topic, judged, usual), evidence) for topic in TOPICS)


def answered(topic: Topic, pairs: Sequence[Pair], evidence: Evidence) -> Question:
    """One question's answer."""
    if not pairs:
        return Question(topic.id, topic.question, "not asked", "No two runs differ in this alone.", None)
    speeds = [compare(run.row, base.row) for run, base in pairs]
    held = [Held(*each) for each in zip(pairs, speeds, doubts_of(speeds), strict=True)]
    labels = list(changed_labels(topic, pairs, evidence))
    answer, weightiest = matters(held)
    effect = speed_effect(topic, weightiest, answer)
    if labels:
        answer, effect = "yes", f"{effect} {labels[0]}"
    return Question(topic.id, topic.question, answer, effect, weightiest.pair[0].setting.study)


def matters(held: Sequence[Held]) -> tuple[Matters, Held]:
    """Whether a difference of speeds matters, and the pair that says so."""
    seen = [each for each in held if each.claimed and _size(each) > 1 + NEAR]
    if seen:
        return "yes", max(seen, key=_size)
    most = max(held, key=_size)
    known = all(is_known(each.speed.ratio) and is_near(each.speed.ratio) for each in held)
    return ("no" if known else "can't tell"), most


def _size(each: Held) -> float:
    middle = each.speed.ratio.middle
    return max(middle, 1 / middle)


def shown(topic: Topic, pair: Pair) -> tuple[str, str]:
    """Both runs of a pair in words."""
    run, base = (each.setting.words for each in pair)
    return run, f"{base}, {topic.usual_words}" if topic.usual_words else base


def speed_effect(topic: Topic, held: Held, answer: Matters) -> str:
    """The largest difference, in a sentence."""
    run, base = shown(topic, held.pair)
    ratio = held.speed.ratio
    if not is_known(ratio):
        few = "with too few repeats to tell more"
        return f"{started(run)}: {ratio.middle:.2f}x the speed of {base}, {few}."
    said = f"{started(run)}: {times(ratio)} the speed of {base}"
    if answer == "no":
        return f"{said}; no difference is as large as 5 %."
    if held.doubt is None:
        return f"{said}." if answer == "yes" else f"{said}; whether it is as much as 5 % is not known."
    return f"{said}; not conclusive, as {held.doubt.words}."


def changed_labels(topic: Topic, pairs: Sequence[Pair], evidence: Evidence) -> Iterator[str]:
    """The largest thing that a choice does to labels: to how many there are, or how right they are."""
    limits = evidence.config.verdict
    covered = [(run, base) for run, base in pairs if _apart(run, base, limits.coverage / 100)]
    if covered:
        pair = max(covered, key=lambda each: abs(_coverage(each[0]) - _coverage(each[1])))
        run, base = shown(topic, pair)
        mine, its = (percent(_coverage(each)) for each in pair)
        yield f"{started(run)}: {mine} of texts have a label, with {base} {its}."
        return
    found = _differences(pairs, evidence)
    sure = [(pair, each) for pair, each in found if abs(each.middle) > limits.margin / 100]
    if sure:
        pair, most = max(sure, key=lambda each: abs(each[1].middle))
        run, base = shown(topic, pair)
        more = "more" if most.middle > 0 else "less"
        yield f"{started(run)}: {points(abs(most.middle))} {more} accurate than {base}."


def _coverage(each: Judged) -> float:
    return each.setting.coverage or 0.0


def _apart(run: Judged, base: Judged, enough: float) -> bool:
    """Whether one has a label for enough texts, and the other has not."""
    if run.setting.coverage is None or base.setting.coverage is None:
        return False
    return (_coverage(run) >= enough) != (_coverage(base) >= enough)


def _differences(pairs: Sequence[Pair], evidence: Evidence) -> list[tuple[Pair, Difference]]:
    """Differences of accuracy that would come out again, with all pairs taken together."""
    found: list[tuple[Pair, Difference]] = []
    for run, base in pairs:
        if min(_coverage(run), _coverage(base)) < evidence.config.verdict.coverage / 100:
            continue
        mine, its = evidence.labels_of(run.row), evidence.labels_of(base.row)
        if mine is None or its is None or not gold_tells(its):
            continue
        if (each := difference(mine, its)) and each.interval:
            found.append(((run, base), each))
    adjusted = holm([each.p for _, each in found])
    return [
        (pair, each)
        for (pair, each), p in zip(found, adjusted, strict=True)
        if p < CHANCE_OF_LABELS and each.interval and not each.interval[0] <= 0 <= each.interval[1]
    ]
