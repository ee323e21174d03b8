"""Ratios of rates in words that a person uses: ``5.3 % faster``, ``16 to 34 %``, ``2.1 times as fast``."""

import math

from batchscope.statistics.intervals import Interval

TIMES = 2.0
"""Ratio from which on one speaks of times, and no longer of percent."""


def size_in_words(middle: float) -> tuple[str, str]:
    """How fast, and the word that leads to what it is compared with; ``middle`` is 1 or more."""
    if middle >= TIMES:
        return f"{middle:.{_digits(middle, 3)}f} times as fast", "as"
    percent = 100 * (middle - 1)
    return f"{percent:.{_digits(percent, 2)}f} % faster", "than"


def range_in_words(found: Interval) -> str:
    """Both ends of an interval: ``16 to 34 %``, ``2.06 to 2.14 times``, ``1.2 % slower to 3.4 % faster``."""
    if found.middle >= TIMES and found.low > 1:
        digits = _apart(found.low, found.high)
        return f"{found.low:.{digits}f} to {found.high:.{digits}f} times as fast"
    if found.high <= 1 or found.low < 1:
        return f"{_one_end(found.low)} to {_one_end(found.high)}"
    low, high = (100 * (end - 1) for end in (found.low, found.high))
    digits = _apart(low, high)
    return f"{low:.{digits}f} to {high:.{digits}f} %"


def _one_end(ratio: float) -> str:
    """A ratio below or above 1."""
    if ratio >= TIMES:
        return f"{ratio:.2g} times as fast"
    percent = 100 * abs(ratio - 1)
    return f"{percent:.{_digits(percent, 2)}f} % {'faster' if ratio >= 1 else 'slower'}"


def _apart(low: float, high: float) -> int:
    """Decimals of which the last is a quarter of the distance between both ends at most, or the third."""
    distance = high - low
    return 2 if distance <= 0 else min(3, max(0, -math.floor(math.log10(distance / 3.99))))


def _digits(value: float, significant: int) -> int:
    """Decimals that show so many significant digits of a value, three at most."""
    if value == 0:
        return 0
    return min(3, max(0, significant - 1 - math.floor(math.log10(abs(value)))))
