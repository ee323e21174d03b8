"""Which settings are drawn, and how."""

import pytest
from support.verdicts import planted

from batchscope.reports.one_page.chart import (
    MOST_ROWS,
    NARROW,
    WIDE,
    chart,
    gid_of,
    rows_shown,
    shown_in_chart,
)


def settings(number: int = 12, **how) -> list[dict]:
    return planted([f"packing/run{each}" for each in range(number)], **how)["settings"]


def texts_of(figure) -> list[str]:
    (ax,) = figure.axes
    return [each.get_text() for each in ax.texts]


def test_settings_that_do_not_compare_are_left_out_unless_there_are_no_others():
    every = settings(3)
    every[0] |= {"state": "not comparable"}
    every[1] |= {"state": "failed", "speed": None}
    assert shown_in_chart(every) == [every[2]]
    every[2] |= {"state": "not comparable"}
    assert shown_in_chart(every) == [every[0], every[2]]
    assert shown_in_chart([]) == []


def test_a_setting_in_several_runs_is_one_dot():
    every = settings(3)
    every[1] |= {"same_as": every[2]["id"]}
    assert shown_in_chart(every) == [every[0], every[2]]


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_every_setting_is_a_dot_and_the_recommended_one_is_filled_and_named(size):
    every = settings()
    figure = chart(every, size)
    (ax,) = figure.axes
    dots = {line.get_gid(): line for line in ax.lines if line.get_gid()}
    assert set(dots) == {gid_of(index) for index in range(len(every))}
    best = gid_of(2)
    for gid, dot in dots.items():
        assert (dot.get_markerfacecolor() == dot.get_markeredgecolor()) == (gid == best)
    assert every[2]["words"] in texts_of(figure)
    low, high = ax.get_ylim()
    for each in every:
        assert low <= 100 * each["right"]["low"] < 100 * each["right"]["high"] <= high
    assert high <= 101.5


def test_settings_with_the_same_words_are_told_apart():
    every = planted(["packing/a", "packing/b", "other/c", "other/d"], labels=False)["settings"]
    for each, words in zip(every, ("twice here", "twice here", "in two studies", "alone"), strict=True):
        each["words"] = words
    every.append({**every[2], "id": "packing/c", "study": "packing"})
    (ax,) = chart(every, WIDE).axes
    assert {label.get_text() for label in ax.get_yticklabels()} == {
        "twice here (a)", "twice here (b)", "in two studies (other)", "in two studies (packing)", "alone"
    }  # fmt: skip


def test_where_no_label_counts_speed_stands_alone_the_fastest_first():
    every = settings(50, labels=False)
    rows = rows_shown(every)
    speeds = [every[index]["speed"]["value"] for index in rows]
    assert len(rows) == MOST_ROWS
    assert speeds == sorted(speeds, reverse=True)
    assert 2 in rows, "the recommended one, however slow"
    (ax,) = chart(every, WIDE).axes
    assert len([line for line in ax.lines if line.get_gid()]) == MOST_ROWS


def test_speeds_far_apart_get_a_logarithmic_axis():
    every = settings(4)
    assert chart(every, WIDE).axes[0].get_xscale() == "linear"
    every[0]["speed"] |= {"value": 9.0, "low": 8.9, "high": 9.1}
    assert chart(every, WIDE).axes[0].get_xscale() == "log"


def test_settings_without_intervals_are_drawn_too():
    every = settings(3)
    for each in every:
        each["speed"] |= {"low": None, "high": None}
        each["right"] |= {"low": None, "high": None}
    assert chart(every, WIDE).axes
