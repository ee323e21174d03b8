"""What the setting gains over others, and what a million texts take with it."""

from collections.abc import Sequence

from batchscope.reporting.claims import Doubt
from batchscope.results.comparison import SPEED
from batchscope.statistics.intervals import Interval
from batchscope.verdict.comparing import Compared, compare, doubts_of, is_known
from batchscope.verdict.evidence import Evidence
from batchscope.verdict.same_setting import once
from batchscope.verdict.schema import Estimate, Gain, PerMillion
from batchscope.verdict.settings import COMPARED, Judged
from batchscope.verdict.wording import CACHE, times

MILLION = 1_000_000

NO_TUNING = ("seed", "kv_cache_memory_bytes", "enable_prefix_caching")
"""Engine arguments that change no speed, that a CPU needs, or that keep results apart."""

PLAIN = "1 text per prompt"

DEFAULTS = {
    True: f"vLLM's defaults ({PLAIN})",
    False: f"{PLAIN} (vLLM's defaults, but the prefix cache off)",
}
"""What 1 text per prompt is called where no engine argument is set, by whether the prefix cache is on."""

COUNTS = (*COMPARED, "recommended")


def gains_of(use: Judged, judged: Sequence[Judged], evidence: Evidence) -> tuple[Gain, ...]:
    """Over 1 text per prompt with the engine as it is, and over the best of the other layout."""
    counted = [each for each in once(judged) if each is not use and each.setting.state in COUNTS]
    counted = [each for each in counted if not each.row["unsteady"]]
    found = [compare(use.row, each.row) for each in counted]
    # all of them together, for the setting was picked from among all
    doubts = {each.name: doubt for each, doubt in zip(counted, doubts_of(found), strict=True)}
    ratios = {each.name: ratio for each, ratio in zip(counted, found, strict=True)}
    others: dict[str, tuple[str, Judged]] = {}
    for words, other in filter(None, (_plainest(counted, evidence), _best_of_other_layout(use, counted))):
        others.setdefault(other.name, (words, other))
    return tuple(_gain(words, other, ratios[name], doubts[name]) for name, (words, other) in others.items())


def _plainest(counted: Sequence[Judged], evidence: Evidence) -> tuple[str, Judged] | None:
    """1 text per prompt, with every run's engine arguments; with the prefix cache on, if that was tried."""
    plain = [each for each in counted if _is_plain(each)]
    if not plain:
        return None
    best = max(plain, key=lambda each: (_caches(each), int(each.row["texts"]), _speed(each)))
    return _name_of_plain(best, evidence), best


def default_words(use: Judged, evidence: Evidence) -> str | None:
    """What a setting is called that is the default itself; None for any other one."""
    return _name_of_plain(use, evidence) if _is_plain(use) else None


def _is_plain(each: Judged) -> bool:
    return each.setting.words in (PLAIN, f"{PLAIN}, {CACHE['full']}")


def _name_of_plain(each: Judged, evidence: Evidence) -> str:
    tuned = set(evidence.config.engine.args.as_vllm()) - set(NO_TUNING)
    return f"the default here ({each.setting.words})" if tuned else DEFAULTS[_caches(each)]


def _caches(each: Judged) -> bool:
    """Whether the prefix cache is on, which is vLLM's default."""
    return each.setting.engine.get("enable_prefix_caching") is not False


def _best_of_other_layout(use: Judged, counted: Sequence[Judged]) -> tuple[str, Judged] | None:
    """The fastest of the other layout that is right enough; None where none is."""
    state = "kept" if use.setting.state in ("kept", "recommended") else use.setting.state
    others = [
        each for each in counted if each.setting.layout != use.setting.layout and each.setting.state == state
    ]
    best = max(others, key=_speed, default=None)
    return (f"the best of the other layout ({best.setting.words})", best) if best else None


def _gain(over: str, other: Judged, found: Compared, doubt: Doubt | None) -> Gain:
    ratio = found.ratio
    known = is_known(ratio)
    return Gain(
        over=over,
        run=other.name,
        ratio=ratio.middle,
        low=ratio.low if known else None,
        high=ratio.high if known else None,
        conclusive=doubt is None,
        why=doubt.words if doubt else "",
        words=gain_words(ratio, doubt, over),
    )


def gain_words(ratio: Interval, doubt: Doubt | None, over: str) -> str:
    """The gain in words; where it may not come out again, also why."""
    if not is_known(ratio):
        return f"{ratio.middle:.2f}x the speed of {over} here, with too few steady repeats to tell more"
    text = f"{times(ratio)} the speed of {over}"
    return f"{text}: not conclusive, as {doubt.words}" if doubt else text


def per_million(speed: Estimate, gpus: int, price: float | None) -> PerMillion:
    """Hours, and money where GPUs have a price.

    Args:
        speed: texts a second.
        gpus: that the engine takes; at least 1.
        price: of one GPU for one hour.
    """
    hours = _hours(speed.value)
    return PerMillion(
        hours=hours,
        low=_hours(speed.high) if speed.high else None,
        high=_hours(speed.low) if speed.low else None,
        price_per_gpu_hour=price,
        money=None if price is None else hours * gpus * price,
    )


def _hours(speed: float) -> float:
    return MILLION / speed / 3600


def _speed(each: Judged) -> float:
    return float(each.row[SPEED])
