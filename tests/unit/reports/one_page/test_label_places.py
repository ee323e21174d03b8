"""Labels of dots: none over a dot, another label or the frame's edge."""

import random

from batchscope.reports.one_page.label_places import Box, Label, places

FRAME = Box(0, 0, 400, 200)


def dots(labels: list[Label]) -> list[Box]:
    return [Box(each.x - 5, each.y - 5, each.x + 5, each.y + 5) for each in labels]


def test_a_lone_label_stands_right_of_its_dot():
    (box,) = places([Label(100, 100, 60, 12)], [], [], FRAME)
    assert box == Box(107, 94, 167, 106)


def test_at_the_right_edge_it_stands_left():
    (box,) = places([Label(390, 100, 60, 12)], [], [], FRAME)
    assert box == Box(323, 94, 383, 106)


def test_forty_labels_of_a_crowd_meet_nothing():
    chance = random.Random(3)
    labels = [Label(chance.uniform(20, 380), chance.uniform(20, 180), 70, 12) for _ in range(40)]
    obstacles = dots(labels)
    found = [box for box in places(labels, obstacles, [], FRAME) if box]
    assert 5 < len(found) < 40
    for number, box in enumerate(found):
        assert FRAME.holds(box)
        assert not any(box.meets(other) for other in [*obstacles, *found[:number]])


def test_the_first_label_gets_the_place():
    same = [Label(200, 100, 150, 150), Label(200, 100, 150, 150), Label(200, 100, 150, 150)]
    found = places(same, [], [], FRAME)
    assert [box is not None for box in found] == [True, True, False]


def test_only_what_must_be_seen_lies_over_an_interval():
    everywhere = [FRAME]
    assert places([Label(100, 100, 60, 12)], [], everywhere, FRAME) == [None]
    assert places([Label(100, 100, 60, 12, must=True)], [], everywhere, FRAME) == [Box(107, 94, 167, 106)]


def test_what_must_be_seen_stands_farther_away_where_it_has_to():
    crowd = [Box(80, 80, 120, 120)]
    assert places([Label(100, 100, 60, 12)], crowd, [], FRAME) == [None]
    (box,) = places([Label(100, 100, 60, 12, must=True)], crowd, [], FRAME)
    assert box is not None
    assert not box.meets(crowd[0])
