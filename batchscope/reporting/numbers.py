"""Numbers as tables show them."""

import pandas as pd

from batchscope.statistics.intervals import Interval


def two_decimals(value: float) -> str:
    """A metric with two decimals, as the published tables have it; empty where there is none."""
    return "" if pd.isna(value) else f"{value:,.2f}"


def one_decimal(value: float) -> str:
    """A share in percent; empty where there is none."""
    return "" if pd.isna(value) else f"{value:.1f}"


def percent(share: float) -> str:
    """A share in words."""
    return f"{100 * share:.1f} %"


def three_digits(value: float) -> str:
    """Three significant digits, with separators; empty where there is none."""
    if pd.isna(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def counted(number: int, noun: str) -> str:
    """A number of things in words: ``1 step``, ``2 steps``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def show_count(value: float) -> str:
    """A whole number with separators; empty where there is none."""
    return "" if pd.isna(value) else f"{int(value):,}"


def show_ratio(value: float) -> str:
    """A ratio as people say it: 1.07x, 1.9x, 12x."""
    digits = 2 if value < 1.495 else 1 if value < 9.95 else 0
    return f"{value:.{digits}f}x"


def show_interval(found: Interval) -> tuple[str, str, str]:
    """Middle, low and high with as many decimals as tell them apart, and low from 1."""
    close = found.high - found.low < 0.02 or round(found.low, 2) == 1
    digits = 3 if close else 2 if found.middle < 9.95 else 1
    return f"{found.middle:.{digits}f}x", f"{found.low:.{digits}f}x", f"{found.high:.{digits}f}x"


def capitalised(sentence: str) -> str:
    """A sentence that begins with a capital."""
    return sentence[:1].upper() + sentence[1:]
