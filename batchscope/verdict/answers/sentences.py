"""The verdict in one to three sentences."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pandas as pd

from batchscope.config.verdict import Verdict as Limits
from batchscope.reporting.claims import in_words
from batchscope.verdict.answers.choice import Alike, Chosen
from batchscope.verdict.same_setting import is_same
from batchscope.verdict.schema import Estimate, Gain, Right
from batchscope.verdict.settings import Judged
from batchscope.verdict.wording import listed, percent, points, rate, started

MOST_NAMED = 3


def use_it(
    found: Chosen,
    judged: Sequence[Judged],
    gains: Sequence[Gain],
    reference: "pd.Series[Any] | None",
    limits: Limits,
) -> str:
    """What to use, and why.

    Args:
        found: the choice.
        judged: all runs.
        gains: of the setting.
        reference: the run that labels are held against.
        limits: what a setting must keep.
    """
    use = found.use.setting
    figures = f"{speed_words(use.speed)}{_right_words(use.right)}"
    is_reference = reference is not None and is_same(found.use.row, reference)
    parts = [f"Use {use.words}: {figures}."]
    if found.simpler:
        parts.insert(0, _matters_little(found))
    elif doubt := _not_told_apart(found):
        parts.append(doubt)
    elif is_reference or not gains:
        parts.append(_nothing_better(judged, found, limits))
    else:
        parts.append(f"{started(_gain_sentence(gains))}")
    return " ".join(filter(None, parts))


def speed_words(speed: Estimate | None) -> str:
    """A speed with its interval: ``812 texts/s (790 to 834)``."""
    if speed is None:
        return "its speed is not known"
    if speed.low is None or speed.high is None:
        return f"{rate(speed.value)} texts/s"
    return f"{rate(speed.value)} texts/s ({rate(speed.low)} to {rate(speed.high)})"


def _right_words(right: Right | None) -> str:
    if right is None:
        return ""
    what = "accuracy" if right.by == "accuracy" else "agreement with the reference run"
    ends = f"{100 * right.low:.1f} to {100 * right.high:.1f}"
    return f" at {percent(right.value)} {what} ({ends})"


def _matters_little(found: Chosen) -> str:
    """Why a simpler setting than the fastest is taken."""
    use, fastest = found.use.setting, found.fastest.setting
    only_n = {use.words, fastest.words} == {use.words.split(",")[0], fastest.words.split(",")[0]}
    what = "How many texts share a prompt" if only_n and use.layout != fastest.layout else "The setting"
    why = in_words(each.doubt for each in found.alike if each.judged is found.use)
    return (
        f"{what} matters little: {fastest.words} ({speed_words(fastest.speed)}) may be no faster than "
        f"{use.words} ({why}), which is simpler."
    )


def _not_told_apart(found: Chosen) -> str:
    """Which settings may be as fast; empty: none."""
    named = shortened_with_doubts(found.alike, found.use)
    return f"It was the fastest here, but may be no faster than {named}." if named else ""


def shortened_with_doubts(alike: Sequence[Alike], use: Judged) -> str:
    """Settings that another one is not told apart from, and why; empty: none.

    Args:
        alike: these settings.
        use: the other one.
    """
    others = [each for each in alike if each.judged.setting.words != use.setting.words]
    names = list(dict.fromkeys(each.judged.setting.words for each in others))
    return (
        f"{shortened(names)}: not conclusive, as {in_words(each.doubt for each in others)}" if names else ""
    )


def shortened(names: Sequence[str]) -> str:
    """Names, at most `MOST_NAMED` of them."""
    more = len(names) - MOST_NAMED
    shown = [*names[:MOST_NAMED], f"{more} more"] if more > 0 else list(names)
    return "; ".join(shown) if any("," in name for name in shown) else listed(shown)


def _nothing_better(judged: Sequence[Judged], found: Chosen, limits: Limits) -> str:
    """That nothing faster counts, and why what was faster does not."""
    best = found.fastest.setting.speed
    faster = [
        each.setting
        for each in judged
        if each.setting.state == "refused"
        and each.setting.speed
        and best
        and each.setting.speed.value > best.value
    ]
    if not faster:
        compared = sum(each.candidate is not None for each in judged)
        return "Nothing else was compared." if compared == 1 else "No other setting is as fast and as right."
    faster.sort(key=lambda each: -(each.speed.value if each.speed else 0))
    why = "; ".join(f"{each.words}: {each.why}" for each in faster[:MOST_NAMED])
    return f"Nothing faster is shown to be as right within {points(limits.margin / 100)} ({why})."


def _gain_sentence(gains: Sequence[Gain]) -> str:
    """The first two gains."""
    return f"that is {' and '.join(gain.words for gain in gains[:2])}."


def speed_alone(fastest: Judged, alike: Sequence[Alike], gains: Sequence[Gain], count: int) -> str:
    """What may be said where labels mean nothing.

    Args:
        fastest: the fastest setting.
        alike: others that are not surely slower.
        gains: of the fastest setting.
        count: settings that were compared.
    """
    said = f"Nothing is recommended: {fastest.setting.why.replace('its', 'the')}."
    if count == 1:
        return (
            f"{said} The only setting, {fastest.setting.words}, labels {speed_words(fastest.setting.speed)}."
        )
    named = shortened_with_doubts(alike, fastest)
    doubt = f" It may be no faster than {named}." if named else ""
    gain = f", {gains[0].words}" if gains else ""
    return (
        f"{said} By speed alone, {fastest.setting.words} comes first of {count} settings with "
        f"{speed_words(fastest.setting.speed)}{gain}.{doubt}"
    )


def why_none(guess: tuple[str, float] | None, reference: str, judged: Sequence[Judged] = ()) -> str:
    """Why nothing is recommended although runs count.

    Args:
        guess: the label that would be as right if it were always given.
        reference: the reference run in words.
        judged: all runs.
    """
    if guess:
        return (
            f"Nothing is recommended: always answering '{guess[0]}' would be right for {percent(guess[1])} "
            f"of texts, and {reference}, which all settings are held against, is not seen to do better."
        )
    whys = Counter(each.setting.why for each in judged if each.setting.state == "refused")
    most = whys.most_common(MOST_NAMED)
    named = [why if count == 1 else f"{why} ({count} settings)" for why, count in most]
    return f"Nothing is recommended: no setting keeps its labels. {started('; '.join(named))}."


def nothing_counts(judged: Sequence[Judged]) -> str:
    """Why no run counts at all."""
    if not judged:
        return "Nothing is recommended: nothing was measured."
    whys = Counter(each.setting.why.split(":")[0] for each in judged)
    named = [f"{count} of {len(judged)}: {why}" for why, count in whys.most_common(MOST_NAMED)]
    return f"Nothing is recommended: no run counts ({'; '.join(named)})."
