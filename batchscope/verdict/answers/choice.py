"""Which setting to use: the fastest that is right, and of those that are as fast the simplest."""

from collections.abc import Sequence
from dataclasses import dataclass

from batchscope.config.engine import EngineArguments
from batchscope.reporting.claims import Doubt
from batchscope.verdict.comparing import NEAR, compare, doubts_of
from batchscope.verdict.settings import Judged


@dataclass(frozen=True)
class Alike:
    """A setting that is not surely slower than another one."""

    judged: Judged
    doubt: Doubt
    """why it is not surely slower"""


@dataclass(frozen=True)
class Chosen:
    """The setting to use, and those that it is not told apart from."""

    use: Judged
    fastest: Judged
    """of those that count"""
    alike: tuple[Alike, ...]
    """other settings that are not surely slower than the fastest"""

    @property
    def simpler(self) -> bool:
        """Whether a simpler setting than the fastest was taken, for it is nearly as fast."""
        return self.use is not self.fastest


def chosen(judged: Sequence[Judged], usual: EngineArguments) -> Chosen | None:
    """The setting to use; None where none counts.

    Args:
        judged: one run for each setting.
        usual: the engine arguments of every run.
    """
    kept = [each for each in judged if each.setting.state == "kept"]
    if not kept:
        return None
    fastest = max(kept, key=_speed)
    alike = not_told_apart(fastest, [each for each in kept if each is not fastest])
    near = [each.judged for each in alike if _speed(each.judged) >= _speed(fastest) / (1 + NEAR)]
    use = min([fastest, *near], key=lambda each: complexity(each, usual))
    return Chosen(use, fastest, tuple(alike))


def not_told_apart(fastest: Judged, others: Sequence[Judged]) -> list[Alike]:
    """Those that are not surely slower."""
    found = doubts_of([compare(fastest.row, each.row) for each in others])
    return [Alike(each, doubt) for each, doubt in zip(others, found, strict=True) if doubt]


def complexity(each: Judged, usual: EngineArguments) -> tuple[int, int, int, float]:
    """How much there is to explain: words beyond the layout, engine arguments, then n; then speed decides."""
    setting, common = each.setting, usual.as_vllm()
    own = sum(
        value != common.get(key) for key, value in setting.engine.items() if key != "enable_prefix_caching"
    )
    return setting.words.count(","), own, setting.n, -_speed(each)


def _speed(each: Judged) -> float:
    return each.setting.speed.value if each.setting.speed else 0.0
