"""Where labels of dots fit: beside their dot, over no other dot, bar or label, inside the frame."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

FARTHER = (7.0, 14.0, 24.0, 36.0)
"""Between the middle of a dot and its label; only what must be seen stands farther away than the first."""


@dataclass(frozen=True)
class Box:
    """A rectangle; y grows upwards."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: "Box") -> bool:
        """Whether they share more than an edge."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def holds(self, other: "Box") -> bool:
        """Whether the other one lies inside."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.bottom <= other.bottom and other.top <= self.top


@dataclass(frozen=True)
class Label:
    """A label to place: where its dot is, how large its text is, and whether it may lie over an interval."""

    x: float
    y: float
    width: float
    height: float
    must: bool = False


def places(labels: Sequence[Label], dots: Sequence[Box], bars: Sequence[Box], frame: Box) -> list[Box | None]:
    """A box for each label in turn, the first ones first; None where it fits nowhere.

    Args:
        labels: the most important first.
        dots: no label lies over one.
        bars: intervals; only a label that must be seen lies over one, where there is no other place.
        frame: all labels lie inside.
    """
    taken, found = list(dots), list[Box | None]()
    for label in labels:
        steps = FARTHER if label.must else FARTHER[:1]
        around = [box for step in steps for box in _around(label, step) if _is_free(box, taken, frame)]
        clear = [box for box in around if _is_free(box, bars, frame)]
        found.append(next(iter(clear or (around if label.must else [])), None))
        taken += [box for box in found[-1:] if box]
    return found


def _is_free(box: Box, taken: Sequence[Box], frame: Box) -> bool:
    return frame.holds(box) and not any(box.meets(other) for other in taken)


def _around(label: Label, apart: float) -> Iterator[Box]:
    """Right of the dot, left, above, below, and at the corners."""
    x, y, width, height = label.x, label.y, label.width, label.height
    beside, level = (x + apart, x - apart - width, x - width / 2), y - height / 2
    above, below = y + apart, y - apart - height
    corners = [(left, bottom) for bottom in (above, below) for left in beside[:2]]
    for left, bottom in [
        (beside[0], level),
        (beside[1], level),
        (beside[2], above),
        (beside[2], below),
        *corners,
    ]:
        yield Box(left, bottom, left + width, bottom + height)
