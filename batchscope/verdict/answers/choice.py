"""Which setting to use: the fastest that is right, and of those that are as fast the simplest."""

from collections.abc import Sequence
from dataclasses import dataclass

from batchscope.config.engine import EngineArguments
from batchscope.config.verdict import Verdict as Limits
from batchscope.statistics.verdict import choose
from batchscope.verdict.comparing import NEAR, compare, conclusive
from batchscope.verdict.settings import Judged


@dataclass(frozen=True)
class Chosen:
    """The setting to use, and those that it is not told apart from."""

    use: Judged
    fastest: Judged
    """of those that count"""
    alike: tuple[Judged, ...]
    """other settings that are not surely slower than the fastest"""

    @property
    def simpler(self) -> bool:
        """Whether a simpler setting than the fastest was taken, for it is nearly as fast."""
        return self.use is not self.fastest


def chosen(judged: Sequence[Judged], limits: Limits, usual: EngineArguments) -> Chosen | None:
    """The setting to use; None where none counts.

    Args:
        judged: all runs.
        limits: what a setting must keep.
        usual: the engine arguments of every run.
    """
    by_name = {each.name: each for each in judged if each.candidate}
    candidates = [each.candidate for each in by_name.values() if each.candidate]
    found = choose(candidates, margin=limits.margin / 100, coverage=limits.coverage / 100)
    if found.best is None:
        return None
    fastest = by_name[found.best.name]
    kept = [each for each in by_name.values() if each.setting.state == "kept" and each is not fastest]
    alike = not_told_apart(fastest, kept)
    near = [each for each in alike if _speed(each) >= _speed(fastest) / (1 + NEAR)]
    use = min([fastest, *near], key=lambda each: complexity(each, usual))
    return Chosen(use, fastest, tuple(alike))


def not_told_apart(fastest: Judged, others: Sequence[Judged]) -> list[Judged]:
    """Those that are not surely slower."""
    sure = conclusive([compare(fastest.row, each.row) for each in others])
    return [each for each, slower in zip(others, sure, strict=True) if not slower]


def complexity(each: Judged, usual: EngineArguments) -> tuple[int, int, int, float]:
    """How much there is to explain: words beyond the layout, engine arguments, then n; then speed decides."""
    setting, common = each.setting, usual.as_vllm()
    own = sum(
        value != common.get(key) for key, value in setting.engine.items() if key != "enable_prefix_caching"
    )
    return setting.words.count(","), own, setting.n, -_speed(each)


def _speed(each: Judged) -> float:
    return each.setting.speed.value if each.setting.speed else 0.0
