"""The curves of a study's figure: which runs they join, their names and their looks."""

import pytest
from support.analysis_helpers import make_run
from support.figures import faults

from batchscope.config.studies import Plot, Study
from batchscope.reporting.style import FIXED, MARKERS, MEDIAN
from batchscope.reports.study.curves import Curves, curve_styles
from batchscope.reports.study.figure import study_figure
from batchscope.reports.study.places import arrange
from batchscope.results.frames import repeats_frame, runs_frame


@pytest.mark.parametrize(
    ("plot", "names"),
    [
        (Plot(x="layout"), ["1 per prompt, n=4", "1 per prompt, n=8", "4 per prompt", "8 per prompt"]),
        (Plot(x="layout", series="n"), ["n=4", "n=8", "n=4", "n=8"]),
        (Plot(x="texts", series="n"), ["1 per prompt, n=4", "1 per prompt, n=8", "4 per prompt", "8 per prompt"]),
        (Plot(x="n", series="n"), ["1 per prompt", "1 per prompt", "4 per prompt", "8 per prompt"]),
    ],
)  # fmt: skip
def test_curves_of_other_axes(tmp_path, plot, names):
    records = [make_run(tmp_path, layout=layout, n=n) for layout in ("separate", "packed") for n in (4, 8)]
    assert Curves(runs_frame(records, []), plot, numeric=plot.x != "layout").names == names


def test_a_value_of_most_runs_goes_without_saying_and_one_of_half_does_not(tmp_path):
    records = [make_run(tmp_path, n=n, texts=80, workload={"answer": "json"}) for n in (4, 8, 40)]
    records += [make_run(tmp_path, n=n, texts=80, suffix="-free") for n in (4, 8)]
    runs = runs_frame(records, [])
    free = ["n per prompt, answer=free"] * 2
    assert Curves(runs, Plot(), numeric=True).names == ["n per prompt"] * 3 + free
    half = ["n per prompt, answer=json"] * 2
    assert Curves(runs[runs["n"] < 40], Plot(), numeric=True).names == half + free


def test_a_layout_alone_looks_as_it_does_everywhere_and_nothing_else_does() -> None:
    names = ["n per prompt", "n per prompt", "40 per prompt, texts=80", "1 per prompt"]
    styles = curve_styles(names, ["packed", "packed", "packed", "separate"])
    looks = {name: (style.color, style.marker) for name, style in styles.items()}
    assert list(looks) == list(dict.fromkeys(names))
    assert looks["n per prompt"] == FIXED["packed"]
    assert looks["1 per prompt"] == FIXED["separate"]
    assert looks["40 per prompt, texts=80"] not in FIXED.values()
    both = curve_styles(["4 per prompt", "8 per prompt"], ["packed", "packed"])
    assert len({(style.color, style.marker) for style in both.values()}) == 2


def lines_of(figure):
    """Name and number of points of each curve, by the legend's styles; markers of repeats left out."""
    (legend,) = figure.legends
    names = [text.get_text() for text in legend.get_texts()]
    handles = zip(names, legend.legend_handles, strict=True)
    styles = {(handle.get_color(), handle.get_marker()): name for name, handle in handles}
    assert len(styles) == len(names), "each has a look of its own"
    return [
        (styles[line.get_color(), line.get_marker()], line.get_linestyle(), len(line.get_xdata()))
        for line in figure.axes[0].lines
        if line.get_marker() in MARKERS and line.get_markeredgewidth() == MEDIAN["mew"]
    ]


def test_a_run_that_differs_in_more_than_x_is_in_the_legend_and_joined_to_none(tmp_path):
    records = [make_run(tmp_path, n=n, texts=800, seconds=(n / 10,) * 3) for n in (4, 20, 40)]
    records += [make_run(tmp_path, n=40, texts=80, seconds=(0.5,) * 3, suffix="-r80")]
    runs, repeats = runs_frame(records, []), repeats_frame(records)
    names = list(arrange("mine", Study(), runs, repeats).runs["series"])
    assert names == ["n per prompt"] * 3 + ["40 per prompt, texts=80"]
    figure = study_figure("mine", Study(), runs, repeats)
    assert lines_of(figure) == [("n per prompt", "-", 3), ("40 per prompt, texts=80", "None", 1)]
    (shown,) = figure.legends
    legend = {
        text.get_text(): handle.get_linestyle()
        for text, handle in zip(shown.get_texts(), shown.legend_handles, strict=True)
    }
    assert (legend["n per prompt"], legend["40 per prompt, texts=80"]) == ("-", "None")
    assert faults(figure) == []


def test_packed_and_separate_prompts_are_told_apart_where_neither_axis_does(tmp_path):
    records = [
        make_run(
            tmp_path,
            layout=layout,
            n=n,
            texts=640,
            args={"quantization": kind, "kv_cache_dtype": cache},
            suffix=f"-{kind}-{cache}",
            seconds=(1.0, 1.01, 1.02),
        )
        for layout, n in (("separate", 1), ("packed", 40))
        for kind, cache in ((None, None), (None, "fp8"), ("fp8_per_tensor", None))
    ]
    plot = Plot(x="engine.quantization", series="engine.kv_cache_dtype")
    figure = study_figure("mine", Study(plot=plot), runs_frame(records, []), repeats_frame(records))
    assert lines_of(figure) == [
        ("kv_cache_dtype=default, 1 per prompt", "None", 2),
        ("kv_cache_dtype=fp8, 1 per prompt", "None", 1),
        ("kv_cache_dtype=default, 40 per prompt", "None", 2),
        ("kv_cache_dtype=fp8, 40 per prompt", "None", 1),
    ]
    assert faults(figure) == []


def test_what_differs_with_a_category_is_told_along_x(tmp_path):
    records = [
        make_run(tmp_path, layout=layout, n=4, texts=400, duplicates=times, workload={"reuse": reuse},
                 suffix=f"-{reuse}", seconds=(1.0, 1.01, 1.02))
        for layout in ("packed", "separate")
        for reuse, times in (("none", 1), ("text", 20), ("full", 20))
    ]  # fmt: skip
    runs, repeats = runs_frame(records, []), repeats_frame(records)
    study = Study(plot=Plot(x="reuse"))
    sheet = arrange("mine", study, runs, repeats)
    assert list(sheet.ticks.values()) == ["none\nduplicates=1", "text", "full"]
    assert list(sheet.styles) == ["4 per prompt", "1 per prompt"]
    assert faults(study_figure("mine", study, runs, repeats)) == []


def test_no_line_joins_runs_that_differ_in_more_than_a_number_on_the_axis(tmp_path):
    records = [
        make_run(
            tmp_path,
            layout=layout,
            n=n,
            texts=400,
            duplicates=times,
            args={"enforce_eager": eager},
            suffix=f"-{times}-{eager}",
            seconds=(1.0, 1.01, 1.02),
        )
        for layout, n, times in (("separate", 1, 20), ("packed", 4, 20), ("packed", 4, 100))
        for eager in (True, False)
    ]
    plot = Plot(x="duplicates", series="engine.enforce_eager")
    figure = study_figure("mine", Study(plot=plot), runs_frame(records, []), repeats_frame(records))
    assert lines_of(figure) == [
        ("enforce_eager=True, 1 per prompt", "None", 1),
        ("enforce_eager=False, 1 per prompt", "None", 1),
        ("enforce_eager=True, 4 per prompt", "-", 2),
        ("enforce_eager=False, 4 per prompt", "-", 2),
    ]


def test_as_many_curves_as_a_study_may_have_are_told_apart_and_none_leaves_its_place(tmp_path):
    """As `execution` of configs/precision.yaml: four backends, and further settings at the first of them."""
    extras = [{"enforce_eager": True}, *({"compilation_config": {"cudagraph_mode": m}} for m in ("A", "B"))]
    records = [
        make_run(
            tmp_path, layout=layout, n=n, texts=800, args=args, variables=variables, suffix=f"-{number}",
            seconds=(1.0, 1.01, 1.02),
        )
        for layout, n in (("separate", 1), ("packed", 40))
        for number, (args, variables) in enumerate([
            *(({"attention_backend": name}, {}) for name in (None, "FLASH", "INFER", "TRITON")),
            *((extra, {}) for extra in extras),
            ({}, {"VLLM_V2": "0"}),
        ])
    ]  # fmt: skip
    plot = Plot(x="engine.attention_backend", series="n")
    runs, repeats = runs_frame(records, []), repeats_frame(records)
    figure = study_figure("mine", Study(plot=plot), runs, repeats)
    names = ["", ", enforce_eager=True", ", cudagraph_mode=A", ", cudagraph_mode=B", ", VLLM_V2=0"]
    wanted = [f"{n} per prompt{more}" for n in (1, 40) for more in names]
    found = lines_of(figure)
    assert [name for name, _, _ in found] == wanted
    assert [points for _, _, points in found] == [4, 1, 1, 1, 1] * 2
    placed = arrange("mine", Study(plot=plot), runs, repeats).runs
    assert (abs(placed["at"] - placed["x"]) < 0.5).all(), "nearer to its own tick than to the next"
    assert not placed.duplicated("at").any()
    assert faults(figure) == []
