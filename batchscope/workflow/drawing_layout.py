"""Where boxes and arrows go when packages are drawn on floors; pure geometry, in units of one box's width."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from statistics import mean

Point = tuple[float, int]
"""Horizontal place, and floor from 0 at the bottom."""

STARTS, SWEEPS = 60, 12
"""Random orders that are tried, and passes over all floors that improve each."""

BOX, LANE = 1.12, 0.2
"""Room that a box takes on its floor, and that an arrow takes which passes the floor."""


@dataclass(frozen=True)
class FloorPlan:
    """Centres of boxes, and the way of each arrow from floor to floor."""

    boxes: dict[str, Point]
    routes: dict[tuple[str, str], list[Point]]


def plan_floors(floors: Mapping[str, int], edges: Sequence[tuple[str, str]]) -> FloorPlan:
    """Arrange boxes so that arrows are short, cross little, and pass beside boxes.

    As in Sugiyama, Tagawa and Toda's method (IEEE Transactions on Systems, Man, and Cybernetics 11, 1981): an
    arrow over several floors gets a point on each floor between, and each floor is ordered by where the
    neighbours of its boxes and points lie.

    Args:
        floors: of each box.
        edges: from a box to one on a lower floor.
    """
    chains = {edge: _chain(edge, floors) for edge in edges}
    rows: dict[int, list[str]] = {floor: [] for floor in range(max(floors.values()) + 1)}
    for name in sorted(floors):
        rows[floors[name]].append(name)
    neighbours: dict[str, list[str]] = {name: [] for name in floors}
    for chain in chains.values():
        for (upper, _), (lower, floor) in pairwise(chain):
            neighbours.setdefault(upper, []).append(lower)
            neighbours.setdefault(lower, []).append(upper)
            if lower not in rows[floor]:
                rows[floor].append(lower)
    links = [pair for chain in chains.values() for pair in pairwise(name for name, _ in chain)]
    tries = (_arrange(rows, neighbours, floors, seed) for seed in range(STARTS))
    places = min(tries, key=lambda each: (_crossings(links, each, rows), _length(links, each)))
    middle = (min(places[name] for name in floors) + max(places[name] for name in floors)) / 2
    return FloorPlan(
        boxes={name: (places[name] - middle, floor) for name, floor in floors.items()},
        routes={
            edge: [(places[name] - middle, floor) for name, floor in chain] for edge, chain in chains.items()
        },
    )


def _arrange(
    rows: Mapping[int, list[str]],
    neighbours: Mapping[str, list[str]],
    floors: Mapping[str, int],
    seed: int,
) -> dict[str, float]:
    """Places on every floor, from one random order of each; the same for the same seed."""
    shuffle = random.Random(seed).shuffle  # noqa: S311 - no secret
    orders = {floor: list(row) for floor, row in rows.items()}
    for row in orders.values():
        shuffle(row)
    places = {name: float(index) for row in orders.values() for index, name in enumerate(row)}
    for sweep in range(SWEEPS):
        for floor in sorted(orders, reverse=sweep % 2 == 0):
            orders[floor].sort(key=lambda name: _wish(name, neighbours, places))
            places |= _spread(orders[floor], neighbours, places, floors)
    return places


def _crossings(
    links: Sequence[tuple[str, str]], places: Mapping[str, float], rows: Mapping[int, list[str]]
) -> int:
    """Pairs of links between the same two floors that cross."""
    floor_of = {name: floor for floor, row in rows.items() for name in row}
    return sum(
        floor_of[one[0]] == floor_of[other[0]]
        and (places[one[0]] - places[other[0]]) * (places[one[1]] - places[other[1]]) < 0
        for one, other in combinations(links, 2)
    )


def _length(links: Sequence[tuple[str, str]], places: Mapping[str, float]) -> float:
    """How far all links lead sideways, together; rounded, so that equal plans compare as equal."""
    return round(sum(abs(places[upper] - places[lower]) for upper, lower in links), 6)


def _chain(edge: tuple[str, str], floors: Mapping[str, int]) -> list[tuple[str, int]]:
    """The two boxes, and a point for each floor between them."""
    upper, lower = edge
    between = range(floors[upper] - 1, floors[lower], -1)
    points = [(f"{upper}>{lower}@{floor}", floor) for floor in between]
    return [(upper, floors[upper]), *points, (lower, floors[lower])]


def _wish(name: str, neighbours: Mapping[str, list[str]], places: Mapping[str, float]) -> float:
    near = neighbours[name]
    return mean(places[each] for each in near) if near else places[name]


def _spread(
    row: Sequence[str],
    neighbours: Mapping[str, list[str]],
    places: Mapping[str, float],
    floors: Mapping[str, int],
) -> dict[str, float]:
    """Places for one floor: each as near to its wish as the order and the room that the others take allow."""
    wishes = [_wish(name, neighbours, places) for name in row]
    rooms = [BOX if name in floors else LANE for name in row]
    found = [wishes[0]]
    for index in range(1, len(row)):
        found.append(max(wishes[index], found[-1] + (rooms[index - 1] + rooms[index]) / 2))
    shift = mean(wish - place for wish, place in zip(wishes, found, strict=True))
    return {name: place + shift for name, place in zip(row, found, strict=True)}
