"""The lower row of the figure: which panels there are, and what they draw."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from support.figures import faults
from support.label_studies import PACKING, THREE, TWO, prompts_of, study, without_gold

from batchscope.reports.labels.figure import labels_figure
from batchscope.reports.labels.frame import judge

MANY = "abcdefghijklmno"


def figure_of(folder, runs, names, **values) -> Figure:
    found, labels = study(folder, runs, **values)
    return labels_figure(found, judge(found, labels, names))


def titles(figure):
    return [ax.get_title(loc="left").strip() for ax in figure.axes if ax.axison]


def test_a_heat_map_shows_what_each_label_is_taken_for(tmp_path):
    runs = [
        ("packed", 8, prompts_of(8, range(0, 399, 3), labels="abc")),
        ("separate", 1, prompts_of(1, range(1, 200, 3), labels="abc")),
    ]
    figure = figure_of(tmp_path, runs, THREE)
    assert titles(figure)[-2:] == ["Gold labels (rows, %)"] * 2
    maps = [ax for ax in figure.axes if ax.images]
    separate, packed = (ax.images[0].get_array() for ax in maps)
    assert faults(figure) == []
    assert separate[1].tolist() == pytest.approx([0, 100 * 66 / 133, 100 * 67 / 133, 0])
    assert packed[0].tolist() == pytest.approx([100 / 134, 100 * 133 / 134, 0, 0])
    assert [each.get_text() for each in maps[0].get_xticklabels()] == ["a", "b", "c", "none"]


def test_more_labels_have_the_pairs_that_are_confused_most(tmp_path):
    wrong = [number for number in range(390) if number % 15 == 2 or number % 30 == 4]
    figure = figure_of(tmp_path, [("separate", 1, prompts_of(1, wrong, labels=MANY, texts=390))], tuple(MANY))
    assert titles(figure)[-1:] == ["Confused most"]
    bars = figure.axes[-1]
    assert faults(figure) == []
    assert [each.get_text() for each in bars.get_yticklabels()] == ["c as d", "e as f"]
    assert [bar.get_width() for bar in bars.patches] == [26, 13]


def test_confidence_has_a_reliability_diagram(tmp_path):
    confidence = {"packed-n10": np.tile([0.95, 0.65], 200), "separate-n1": np.full(400, 0.95)}
    figure = figure_of(tmp_path, [PACKING[0], PACKING[-1]], TWO, confidence=confidence)
    panel = figure.axes[titles(figure).index("Right (%), by confidence")]
    diagonal, separate, packed = panel.lines
    first = {line.get_marker(): line.get_color() for line in figure.axes[0].lines}
    assert [separate.get_color(), packed.get_color()] == [first["s"], first["o"]], "one meaning a colour"
    assert faults(figure) == []
    assert list(diagonal.get_xdata()) == [0, 100]
    assert list(separate.get_ydata()) == pytest.approx([99.0])
    assert list(packed.get_xdata()) == pytest.approx([65.0, 95.0])
    assert list(packed.get_ydata()) == pytest.approx([80.0, 100.0])
    assert separate.get_label().startswith("1 per prompt: error 4.0 points")


def test_without_gold_labels_agreement_is_drawn(tmp_path):
    figure = figure_of(tmp_path, without_gold(PACKING), TWO)
    assert titles(figure) == [
        "Agreement with the reference (%)", "Agreement along the prompt (%)", "Label coverage (% of texts)"
    ]  # fmt: skip
    first, along, *_ = figure.axes
    drawn = {line.get_marker(): line for line in first.lines}
    assert list(drawn["o"].get_ydata()) == pytest.approx([100, 99.75, 100, 89.5, 97.5, 98.75, 96.0])
    by_name = {line.get_label(): line for line in along.lines if not line.get_label().startswith("_")}
    assert list(by_name) == ["80 per prompt"], "the largest n of each series"


def test_texts_of_one_label_are_told_in_the_figure(tmp_path):
    figure = figure_of(tmp_path, [("packed", 10, ["-" * 10 + ":" + "-" * 10] * 40)], TWO)
    assert any("so accuracy tells nothing" in each.get_text() for each in figure.texts)


def test_the_diagram_has_one_run_of_each_series(tmp_path):
    """Runs of one series have one colour: of several, that with the largest n is drawn."""
    runs = [PACKING[0], PACKING[1], PACKING[-1]]
    confidence = {f"{layout}-n{n}": np.full(400, 0.85) for layout, n, _ in runs}
    figure = figure_of(tmp_path, runs, TWO, confidence=confidence)
    panel = figure.axes[titles(figure).index("Right (%), by confidence")]
    colors = [line.get_color() for line in panel.lines[1:]]
    assert len(colors) == len(set(colors)) == 2
