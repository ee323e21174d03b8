"""Plots: what they show is read back from the SVG, where text stays text."""

import re

import pandas as pd
import pytest
from support.analysis_helpers import (
    DEMO_STUDIES,
    H200,
    HERMES,
    demo_folders,
    h200_folders,
    make_run,
    write_config,
)
from support.figures import faults, texts

from batchscope.common.errors import UserError
from batchscope.config.studies import Plot, Study
from batchscope.reporting.style import save
from batchscope.reports.study.figure import baseline, study_figure
from batchscope.reports.study.findings import findings
from batchscope.reports.study.places import arrange
from batchscope.results.frames import repeats_frame, runs_frame
from batchscope.results.published.offline import load_published
from batchscope.results.records import load_runs
from scripts import make_report, make_tables

ROWS = load_published(make_tables.PUBLISHED)


def draw(tmp_path, records, study, name="mine"):
    runs, repeats = runs_frame(records, ROWS), repeats_frame(records)
    png, svg = tmp_path / "plot.png", tmp_path / "plot.svg"
    save(study_figure(name, study, runs, repeats), png, svg)
    assert png.read_bytes().startswith(b"\x89PNG")
    return texts(svg)


def records_of(folders, study):
    return [record for record in load_runs(folders) if record.measurement.study == study]


def test_packing_shows_both_layouts_beside_the_published_shape(tmp_path):
    shown = draw(
        tmp_path, records_of(h200_folders(tmp_path), "packing"), Study(question="Pack or not?"), "packing"
    )
    expected = {
        "Pack or not?",
        "n per prompt",
        "1 per prompt",
        "H800 published, to our scale",
        "4",
        "40",
        "400",
    }
    assert expected | {"Texts labelled (texts/s)"} <= set(shown)
    assert any("as a multiple of our separate prompts, same n" in text for text in shown)
    assert "not counted" not in shown
    assert any("NVIDIA H200" in text for text in shown)


def test_saturation_ticks_are_numbers_on_a_log_axis(tmp_path):
    records = records_of(h200_folders(tmp_path), "saturation")
    runs = runs_frame(records, ROWS)
    picture = arrange("saturation", Study(), runs, repeats_frame(records))
    assert picture.logarithmic
    assert list(picture.ticks.values()) == ["1", "4", "20", "40", "400"]
    shown = draw(tmp_path, records, Study(), "saturation")
    assert any("as a multiple of our separate prompts (n=1" in text for text in shown)
    assert "texts per prompt (n)" in shown


def test_runs_that_do_not_count_are_marked_with_the_reason(tmp_path):
    records = [
        make_run(tmp_path, study="mine", n=4, seconds=(1.0, 1.1, 1.2)),
        make_run(
            tmp_path, study="mine", n=8, seconds=(0.01, 0.01, 0.01), invalid=[{"code": "cached_tokens"}]
        ),
        make_run(tmp_path, study="mine", n=40, seconds=(), status="oom", message="full"),
    ]
    shown = draw(tmp_path, records, Study())
    assert {"invalid: cached_tokens (800)", "out of memory", "not counted"} <= set(shown)
    axis = [float(text.replace(",", "")) for text in shown if re.fullmatch(r"[\d.,]+", text)]
    assert max(axis) < 2000  # 1,004 tokens/s are valid; the invalid run's 100,800 do not set the scale


def test_every_repeat_lies_inside_the_axes(tmp_path):
    records = [make_run(tmp_path, study="mine", n=n, seconds=(1.0, 1.0, 0.2)) for n in (4, 40)]
    figure = study_figure("mine", Study(), runs_frame(records, ROWS), repeats_frame(records))
    assert figure.axes[0].get_ylim()[1] > 200.0  # 40 texts / 0.2 s
    assert figure.axes[0].get_ylim()[1] < 330.0, "an interval far above the repeats may leave the axes"
    ends = [line for line in figure.axes[0].lines if line.get_marker() == "^"]
    heights = {float(y) for line in ends for y in line.get_ydata()}
    assert heights == {figure.axes[0].get_ylim()[1]}, "and says so"


def test_no_line_runs_through_a_run_that_does_not_count(tmp_path):
    values = {"study": "mine", "layout": "packed"}
    records = [
        make_run(tmp_path, n=4, **values),
        make_run(tmp_path, n=8, invalid=[{"code": "c"}], **values),
        make_run(tmp_path, n=40, **values),
    ]
    figure = study_figure("mine", Study(), runs_frame(records, ROWS), repeats_frame(records))
    lines = [
        line
        for ax in figure.axes
        for line in ax.lines
        if line.get_linestyle() == "-" and len(line.get_xdata()) > 1
    ]
    joined = {float(x) for line in lines for x in line.get_xdata()}
    assert 8.0 not in joined
    assert {4.0, 40.0} <= joined


@pytest.mark.parametrize("repeats", [(1.0,), (1.0, 1.1, 0.9)])
def test_one_run(tmp_path, repeats):
    shown = draw(tmp_path, [make_run(tmp_path, study="mine", n=40, seconds=repeats)], Study())
    assert "40 per prompt" in shown
    assert not any("H800" in text for text in shown)


def test_all_failed_and_nothing_at_all(tmp_path):
    failed = [make_run(tmp_path, n=n, seconds=(), status="oom", message="full") for n in (4, 40)]
    shown = draw(tmp_path, failed, Study(), "packing")
    assert {"There is no valid run to plot.", "packed prompts (n=4): out of memory"} <= set(shown)
    empty = runs_frame(failed, ROWS).iloc[:0]
    save(study_figure("packing", Study(), empty, pd.DataFrame()), tmp_path / "e.png", tmp_path / "e.svg")
    assert "No run was measured." in texts(tmp_path / "e.svg")


@pytest.mark.parametrize(("across", "points"), [(False, 0), (True, 2)])
def test_ratios_across_environments_are_drawn_only_where_asked_for(tmp_path, across, points):
    values = {"study": "saturation", "texts": 4000, "model": HERMES}
    records = [
        make_run(tmp_path, n=20, prompt_tokens=1_171_780, **values),
        make_run(tmp_path, n=40, prompt_tokens=1_169_180, fingerprint="beef", **values),
    ]
    frames = runs_frame(records, ROWS), repeats_frame(records)
    figure = study_figure("saturation", Study(), *frames, across=across)
    drawn = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert sum(len(line.get_xdata()) for line in drawn) == points


def test_an_argument_left_to_vllm_is_a_place_of_its_own(tmp_path):
    values = {"study": "batched_tokens", "n": 4, "texts": 4000, "model": HERMES, "gpu": H200}
    values |= {"prompt_tokens": 1_192_580}
    records = [
        make_run(
            tmp_path, args={"max_num_batched_tokens": limit} if limit else {}, suffix=f"-{limit}", **values
        )
        for limit in (None, 10_000, 80_000)
    ]
    shown = draw(tmp_path, records, Study(plot=Plot(x="engine.max_num_batched_tokens")), "batched_tokens")
    assert {
        "default",
        "10,000",
        "80,000",
        "max_num_batched_tokens",
    } <= set(shown)
    assert "packed prompts (max_num_batched_tokens=10,000)" in " ".join(shown)


@pytest.mark.parametrize(
    ("x", "series", "words"),
    [
        (
            "engine.extra.enable_chunked_prefill",
            "engine.variables.VLLM_X",
            {"True", "False", "enable_chunked_prefill", "VLLM_X=1", "VLLM_X=default", "mode=0", "mode=3"},
        ),
        (
            "engine.variables.VLLM_X",
            "engine.extra.enable_chunked_prefill",
            {"1", "default", "VLLM_X", "enable_chunked_prefill=True, mode=3"},
        ),
        (
            "engine.extra.compilation_config.mode",
            "engine.variables.VLLM_NEVER_SET",
            {"0", "3", "mode", "VLLM_NEVER_SET=default, enable_chunked_prefill=True"},
        ),
    ],
)
def test_an_extra_argument_or_a_variable_is_an_axis_of_the_plot(tmp_path, x, series, words):
    records = [
        make_run(
            tmp_path,
            study="mine",
            args={"enable_chunked_prefill": chunked, "compilation_config": {"mode": 3 if chunked else 0}},
            variables=variables,
            suffix=f"-{chunked}-{len(variables)}",
            seconds=(1.0 + chunked, 1.1 + chunked, 1.2 + chunked),
        )
        for chunked in (True, False)
        for variables in ({}, {"VLLM_X": "1"})
    ]
    assert words <= set(draw(tmp_path, records, Study(plot=Plot(x=x, series=series))))
    said = findings(runs_frame(records, []), Plot(x=x, series=series))
    assert any("VLLM_X=1" in sentence and "enable_chunked_prefill=False" in sentence for sentence in said), (
        said
    )


def test_an_argument_that_no_run_sets_is_the_default(tmp_path):
    shown = draw(
        tmp_path,
        [make_run(tmp_path, study="mine")],
        Study(plot=Plot(x="engine.dtype", series="engine.model")),
    )
    assert {"default", "model=demo"} <= set(shown)


def test_an_unknown_key_is_named(tmp_path):
    with pytest.raises(
        UserError, match=r"studies\.mine\.plot\.x: no run has 'colour'; there are layout, n, texts"
    ):
        draw(tmp_path, [make_run(tmp_path, study="mine")], Study(plot=Plot(x="colour")))


def test_baseline_is_separate_at_the_same_n_only_if_every_packed_run_has_one(tmp_path):
    records = records_of(demo_folders(tmp_path), "packing")
    assert baseline(runs_frame(records, ROWS), ["layout", "n"])[1] == "separate prompts, same n"
    assert baseline(runs_frame(records[:3], ROWS), ["layout", "n"])[1] == "packed prompts (n=4)"


def test_svg_bytes_are_the_same_each_time(tmp_path, monkeypatch):
    demo_folders(tmp_path)
    config = write_config(tmp_path / "config.json", studies=DEMO_STUDIES)
    runs = str(tmp_path / "runs")
    tables = str(tmp_path / "tables")
    words = ["make_tables.py", "--runs", runs, "--config", str(config), "--out", tables]
    monkeypatch.setattr("sys.argv", words)
    make_tables.main()
    drawn = []
    for number in (1, 2):
        words = ["make_report.py", "study", "--results", ".", "--study", "packing", "--out", str(number)]
        monkeypatch.setattr("sys.argv", words)
        monkeypatch.chdir(tmp_path)
        make_report.main()
        drawn.append((tmp_path / str(number) / "plots" / "packing.svg").read_bytes())
    assert drawn[0] == drawn[1]
    assert b"<dc:date>" not in drawn[0]


def test_a_study_that_is_not_there_is_named(tmp_path, monkeypatch):
    config = write_config(tmp_path / "config.json")
    words = ["make_report.py", "study", "--results", str(config.parent), "--study", "x"]
    monkeypatch.setattr("sys.argv", words)
    with pytest.raises(UserError, match="no study 'x'; there are packing, saturation"):
        make_report.main()


@pytest.mark.parametrize(("name", "crosses"), [("saturation", 2), ("mine", 0)])
def test_crosses_are_published_figures_and_nothing_else(tmp_path, name, crosses):
    """Two runs of one series, one of them the base: alone it would be a cross at 1."""
    records = [
        make_run(
            tmp_path,
            study=name,
            layout="packed",
            n=n,
            texts=4000,
            prompt_tokens=1_170_000,
            seconds=(1.0, 1.1, 1.2),
            model=HERMES,
        )
        for n in (20, 40)
    ]
    figure = study_figure(name, Study(), runs_frame(records, ROWS), repeats_frame(records))
    drawn = [line for line in figure.axes[-1].lines if line.get_marker() == "x"]
    assert sum(len(line.get_xdata()) for line in drawn) == crosses


def test_no_line_joins_categories_and_one_joins_numbers(tmp_path):
    records = [
        make_run(
            tmp_path, study="mine", seconds=(1.0, 1.1, 1.2), variables={"VLLM_X": kind}, suffix=f"-{kind}"
        )
        for kind in ("none", "text", "full")
    ]
    frames = runs_frame(records, ROWS), repeats_frame(records)
    (ax,) = study_figure("mine", Study(plot=Plot(x="engine.variables.VLLM_X")), *frames).axes
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["none", "text", "full"]
    assert {line.get_linestyle() for line in ax.lines if len(line.get_xdata()) > 1} == {"None"}
    counted = [make_run(tmp_path, study="mine", n=n, seconds=(1.0, 1.1, 1.2)) for n in (4, 40)]
    (ax,) = study_figure("mine", Study(), runs_frame(counted, ROWS), repeats_frame(counted)).axes
    assert [line.get_linestyle() for line in ax.lines if line.get_marker() == "o"] == ["-"]


@pytest.mark.parametrize(
    ("columns", "title"),
    [
        ({}, None),
        ({"accuracy": 0.9, "majority_share": 0.6}, "Accuracy (% of texts)"),
        ({"agreement": 0.8}, "Agreement with the reference (%)"),
    ],
)
def test_accuracy_stands_beside_speed_where_labels_mean_something(tmp_path, columns, title):
    records = [make_run(tmp_path, study="mine", n=n) for n in (4, 40)]
    runs = runs_frame(records, ROWS).assign(**columns)
    figure = study_figure("mine", Study(question="Pack?"), runs, repeats_frame(records))
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles == ["Texts labelled (texts/s)", *([title] if title else [])]
    assert faults(figure) == []
    chance = [line for ax in figure.axes[1:] for line in ax.lines if set(line.get_ydata()) == {0.6}]
    assert len(chance) == ("majority_share" in columns)
    if title:
        assert figure.axes[1].get_ylim() == (0, 1.04)


def test_series_at_one_place_do_not_cover_each_other(tmp_path):
    records = [
        make_run(tmp_path, study="mine", layout=layout, n=n, texts=400, seconds=(1.0, 1.01, 1.02))
        for layout in ("packed", "separate")
        for n in (4, 40)
    ]
    figure = study_figure("mine", Study(), runs_frame(records, ROWS), repeats_frame(records))
    figure.draw_without_rendering()
    packed, separate = (
        next(line for line in figure.axes[0].lines if line.get_marker() == marker) for marker in "os"
    )
    gap = separate.get_window_extent().x0 - packed.get_window_extent().x0
    assert gap > 9 * figure.dpi / 72, "as wide as a marker"


LONG = ("int8_per_channel_weight_only", "a name of several words", "short", "fp8_per_tensor", "none")


@pytest.mark.parametrize("count", [2, 3, 5])
@pytest.mark.parametrize(
    "message", ["ValueError: no", f"ValueError: it quantizes experts alone, {'and so on, ' * 20}"]
)
@pytest.mark.parametrize(
    "columns", [{}, {"accuracy": 0.9, "majority_share": 0.6}], ids=["alone", "two panels"]
)
def test_long_names_and_long_reasons_fit(tmp_path, count, message, columns):
    records = [
        make_run(
            tmp_path, study="mine", layout=layout, n=4, variables={"VLLM_X": kind}, suffix=f"-{kind[:5]}",
            **({"seconds": (), "status": "refused", "message": message} if kind == LONG[0] else {}),
        )
        for kind in LONG[:count]
        for layout in ("packed", "separate")
    ]  # fmt: skip
    frames = runs_frame(records, ROWS).assign(**columns), repeats_frame(records)
    figure = study_figure("mine", Study(plot=Plot(x="engine.variables.VLLM_X")), *frames)
    assert faults(figure) == []
    told = " ".join(text.get_text() for text in figure.texts).replace("\n", " ")
    assert ("it quantizes experts alone, and so on" in told) == (len(message) > 40)
    names = [
        tick.get_text().replace("\n", " ").replace("_ ", "_") for tick in figure.axes[0].get_xticklabels()
    ]
    assert names == [*LONG[:count]]
