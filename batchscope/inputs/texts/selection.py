"""Which texts runs use: the data set's order, whose first m texts are a sample of m, for every m."""

import heapq
from collections import defaultdict
from collections.abc import Hashable, Sequence
from random import Random

from batchscope.config.dataset import Selection
from batchscope.inputs.texts.source_text import SourceText


def arrange(texts: Sequence[SourceText], selection: Selection, seed: int) -> list[SourceText]:
    """Put texts in the order in which runs take them.

    Args:
        texts: Texts in their source's order.
        selection: ``first`` keeps that order; ``random`` shuffles; ``stratified`` shuffles so that the first
            m texts hold each label in its share, to less than one text, for every m. Texts without a gold
            label are a class of their own in this.
        seed: The same seed gives the same order on every platform.
    """
    if selection == "first":
        return list(texts)
    # Of all that Random offers, seeding by an int and random() alone are promised to stay the same.
    draw = Random(seed).random  # noqa: S311 -- no secret
    drawn = [draw() for _ in texts]
    shuffled = [texts[number] for number in sorted(range(len(texts)), key=drawn.__getitem__)]
    if selection == "random":
        return shuffled
    return [shuffled[number] for number in in_proportion([text.label for text in shuffled])]


def in_proportion(classes: Sequence[Hashable]) -> list[int]:
    """An order of items in which each class keeps pace with its share.

    The i-th item of a class with c of N items has a first and a last place that keep the class within one
    item of its share, and always the item with the earliest last place is taken. That this works out for any
    classes: Steiner and Yeomans, Level schedules for mixed-model, just-in-time processes, 1993.

    Returns:
        The items' numbers. Those of one class stay in their order.
    """
    members: dict[Hashable, list[int]] = defaultdict(list)
    for number, name in enumerate(classes):
        members[name].append(number)
    groups = list(members.values())
    total = len(classes)
    waiting = [(1, group) for group in range(len(groups))]  # (first place of its next item, class)
    ready: list[tuple[int, int]] = []  # (last place of its next item, class)
    taken = [0] * len(groups)
    order = []
    for place in range(1, total + 1):
        while waiting and waiting[0][0] <= place:
            _, group = heapq.heappop(waiting)
            last = -(-(taken[group] + 1) * total // len(groups[group]))
            heapq.heappush(ready, (last, group))
        _, group = heapq.heappop(ready)
        order.append(groups[group][taken[group]])
        taken[group] += 1
        if taken[group] < len(groups[group]):
            heapq.heappush(waiting, (taken[group] * total // len(groups[group]) + 1, group))
    return order
