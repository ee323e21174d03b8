"""The frame of all figures: what is in it fits, and nothing lies over anything else."""

import re
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from support.figures import SMALLEST, faults
from support.project import ROOT

from batchscope.reporting.figure import Row, framed, nothing_to_show, per_prompt
from batchscope.reporting.style import RC, WIDTH

LONG = (
    "Does it pay to put the instruction first, where the prefix cache can serve it, or is it all the same? "
)
FIGURES = sorted((ROOT / "docs/reference").glob("*/plots/*.svg"))


def drawn(entries: int = 3, rows: int = 1, sentences: int = 2) -> Figure:
    handles = [Line2D([], [], label=f"{place} per prompt, answer=labels") for place in range(entries)]
    with mpl.rc_context(RC):
        return framed(LONG, handles, [Row(2)] * rows, [LONG * 2] * sentences)[0]


@pytest.mark.parametrize("entries", [0, 1, 6, 13])
@pytest.mark.parametrize("rows", [1, 3])
@pytest.mark.parametrize("sentences", [1, 9])
def test_titles_legends_and_footnotes_of_any_length_fit(entries: int, rows: int, sentences: int) -> None:
    figure = drawn(entries, rows, sentences)
    assert faults(figure) == []
    assert figure.get_figwidth() == WIDTH


def test_a_figure_is_as_high_as_what_is_in_it() -> None:
    assert drawn(rows=2).get_figheight() - drawn(rows=1).get_figheight() == pytest.approx(Row(2).inches)
    assert drawn(entries=13).get_figheight() > drawn(entries=3).get_figheight()


def test_faults_are_found() -> None:
    figure = drawn()
    ax = figure.axes[0]
    ax.text(0.5, 0.5, "tiny", fontsize=7)
    ax.text(0.5, 0.9, "first words")
    ax.text(0.5, 0.9, "second words")
    ax.text(3.5, 0.5, "beyond the page")
    ax.plot([0, 1], [0, 1], label="a line")
    ax.legend()
    kinds = {fault.partition(":")[0] for fault in faults(figure)}
    assert kinds == {"small", "over each other", "cut", "legend over data"}
    figure = drawn()
    figure.set_figheight(2 * figure.get_figheight())
    figure.axes[0].set_position((0.1, 0.6, 0.3, 0.2))
    figure.axes[1].set_position((0.5, 0.6, 0.3, 0.2))
    assert any(fault.startswith("empty") for fault in faults(figure))


def test_nothing_to_show_is_said_in_full() -> None:
    with mpl.rc_context(RC):
        figure = nothing_to_show(LONG, ["No run is valid.", LONG * 3], ["Measured on: a machine."])
    assert faults(figure) == []


def test_layouts_are_named_by_the_texts_of_a_prompt() -> None:
    assert [per_prompt("separate", 40), per_prompt("packed", 40), per_prompt("packed")] == [
        "1 per prompt", "40 per prompt", "n per prompt"
    ]  # fmt: skip


@pytest.mark.parametrize("svg", FIGURES, ids=lambda svg: f"{svg.parts[-3]}-{svg.stem}")
def test_committed_figures_have_no_small_text_and_are_as_wide_as_all(svg: Path) -> None:
    """An SVG counts 72 to the inch, so its pixels of text are points."""
    text = svg.read_text(encoding="utf-8")
    sizes = [float(size) for size in re.findall(r"font(?:-size)?: (?:bold )?([\d.]+)px", text)]
    assert sizes
    assert min(sizes) >= SMALLEST
    width = re.search(r'<svg [^>]*?width="([\d.]+)pt"', text)
    assert width is not None
    assert float(width[1]) == pytest.approx(72 * WIDTH)
