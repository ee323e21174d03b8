"""How unequal the classes of some gold labels are, and whether accuracy then tells anything."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

TELLS_NOTHING = 0.95
"""Above this share of one class, naming that class for every text reaches an accuracy that looks high."""


class LargestClass(NamedTuple):
    """The most frequent gold label, and its share of all texts that have one."""

    label: str
    share: float


def largest_class(labels: Iterable[str | None]) -> LargestClass | None:
    """The largest class of some gold labels; None where no text has one."""
    counts = Counter(label for label in labels if label is not None)
    if not counts:
        return None
    label, most = max(counts.items(), key=lambda item: (item[1], item[0]))
    return LargestClass(label, most / counts.total())


def one_class_warning(labels: Iterable[str | None], which: str) -> str | None:
    """Why accuracy on some texts tells nothing, or None if it may tell something.

    Args:
        labels: Gold labels.
        which: The texts, as the sentence begins with them: 'the first 100 texts'.
    """
    largest = largest_class(labels)
    if largest is None or largest.share <= TELLS_NOTHING:
        return None
    if largest.share == 1:
        return f"all gold labels of {which} are '{largest.label}': accuracy on them tells nothing"
    return (
        f"{_percent(largest.share)} of the gold labels of {which} are '{largest.label}': accuracy on them "
        "tells nothing, for an answer that is always the same reaches as much"
    )


def _percent(share: float) -> str:
    """Never rounded up to 100."""
    return f"{min(99.9, 100 * share):.1f} %"
