"""Two runs in one figure: one clock, one scale a quantity, nothing over anything else."""

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from support.analysis_helpers import H200, cpu_sample, gpu_sample, step, write_run
from support.figures import faults

from batchscope.reporting.style import BLUE, GREEN, ORANGE, RC
from batchscope.reports.timeline.frame import Timeline, load_timeline
from batchscope.reports.timeline.panels import quantities_of
from batchscope.reports.timeline.sides import Side, clock_of, colors_of, side_by_side, stacked, told_apart

WORDS = ("packed prompts (n=4, max_num_seqs=256)", "separate prompts (n=4)")


def steps_of(seconds, running):
    """With preemptions, and values that another run has a hundred times higher or lower."""
    return [
        step(number, number * seconds / 4, (number + 1) * seconds / 4, running=running, waiting=3 * running,
             prefill_tokens=1000 * running, kv_cache_usage=0.01 * running, preempted=1, discarded_tokens=100)
        for number in range(4)
    ]  # fmt: skip


def timeline(tmp_path, layout, seconds, running, **values) -> Timeline:
    more = {"steps": steps_of(seconds, running), **values}
    return load_timeline(write_run(tmp_path, layout=layout, seconds=(seconds,), **more))


@pytest.fixture
def sides(tmp_path) -> list[Side]:
    """A run of half a second and one of 2 s, with one request and with 90 at a time; more cores busy than there are."""
    busy = [cpu_sample(time, 1.12, 1.07) for time in (0.0, 0.5)]
    idle = [cpu_sample(time, 0.2, 0.1) for time in (0.0, 2.0)]
    found = [
        timeline(tmp_path, "packed", 0.5, 1, hardware=busy),
        timeline(tmp_path, "separate", 2.0, 90, hardware=idle),
    ]
    return [Side(*each) for each in zip(found, WORDS, (BLUE, ORANGE), strict=True)]


def wide(sides: list[Side]) -> Figure:
    with mpl.rc_context(RC):
        return side_by_side("packing: packed prompts (n=4)", sides, ["On one machine."])


def narrow(sides: list[Side]) -> Figure:
    with mpl.rc_context(RC):
        return stacked(sides)


def of_each_run(figure: Figure) -> list[tuple]:
    """The panels of a quantity, of the one run and of the other."""
    return list(zip(figure.axes[::2], figure.axes[1::2], strict=True))


@pytest.mark.parametrize("drawn", [wide, narrow])
def test_all_panels_are_on_one_clock_and_those_of_a_quantity_on_one_scale(sides, drawn):
    figure = drawn(sides)
    assert faults(figure) == []
    assert {ax.get_xlim() for ax in figure.axes} == {(0.0, 2.0)}
    assert len(of_each_run(figure)) == len(quantities_of([side.timeline for side in sides])) == 6
    for one, other in of_each_run(figure):
        assert one.get_ylim() == other.get_ylim()
        low, high = one.get_ylim()
        assert low == 0
        for ax in (one, other):
            lines = [line for line in ax.lines if line.get_transform() == ax.transData]
            assert high >= max([1.0, *(value for line in lines for value in line.get_ydata())])
    assert figure.axes[-1].get_ylim()[1] > 112, "more than all cores is shown too"


@pytest.mark.parametrize("drawn", [wide, narrow])
def test_grey_begins_where_the_shorter_window_ends(sides, drawn):
    for one, other in of_each_run(drawn(sides)):
        grey = [patch.get_x() for patch in one.patches if type(patch).__name__ == "Rectangle"]
        assert grey == [0.5]
        assert not [patch for patch in other.patches if type(patch).__name__ == "Rectangle"]


@pytest.mark.parametrize(("drawn", "boxes"), [(wide, 2), (narrow, 1)])
def test_wide_stands_side_by_side_and_narrow_below_each_other(sides, drawn, boxes):
    figure = drawn(sides)
    assert len({ax.get_position().x0 for ax in figure.axes}) == boxes
    places = [ax.get_position().bounds for ax in figure.axes]
    assert len(set(places)) == len(places), "no panel lies over another"


def test_a_narrow_figure_has_its_points_on_a_phone(sides):
    assert narrow(sides).get_figwidth() * 72 == 350


@pytest.mark.parametrize("drawn", [wide, narrow])
def test_a_run_without_samples_says_so_beside_one_that_has_some(tmp_path, drawn):
    samples = [gpu_sample(time, 650.0, sm_clock_mhz=1980) for time in (0.0, 2.0)]
    gpu = {"name": H200["name"], "memory_bytes": 1, "driver": "1"}
    found = [
        timeline(tmp_path, "packed", 2.0, 1, hardware=samples, gpu=gpu),
        timeline(tmp_path, "separate", 2.0, 2),
    ]
    figure = drawn([Side(*each) for each in zip(found, WORDS, (BLUE, ORANGE), strict=True)])
    assert faults(figure) == []
    assert [ax.get_title(loc="right") for ax in figure.axes[-4:]] == ["", "no samples"] * 2
    assert figure.axes[-1].get_ylim() == figure.axes[-2].get_ylim()


def test_one_run_alone_has_the_whole_width(sides):
    figure = wide([Side(sides[0].timeline, "", BLUE)])
    assert faults(figure) == []
    assert len(figure.axes) == 6
    assert figure.axes[0].get_xlim() == (0, 0.5)
    assert clock_of(sides[:1]) == 0.5


def test_two_of_one_layout_have_two_colours():
    assert colors_of(["packed", "separate"]) == [BLUE, ORANGE]
    assert colors_of(["separate", "separate"]) == [ORANGE, GREEN]
    assert colors_of(["own"]) == [BLUE]
    assert colors_of(["own", "packed"]) == [BLUE, GREEN]


def test_long_words_are_cut_to_what_tells_runs_apart():
    long = "1 text per prompt, instruction first, prefix cache on"
    assert told_apart([long, "1 text per prompt, instruction first"], 38) == [
        "…, prefix cache on",
        "1 text per prompt, instruction first",
    ]
    assert told_apart([long, long], 60) == [long, long]
    (alone,) = told_apart([long], 38)
    assert alone.startswith("…, 1 text per prompt, instruction")
    assert len(alone) <= 38
