"""The palette: what can be seen on white."""

from itertools import islice

import pytest
from matplotlib.colors import to_rgb

from batchscope.reporting.style import FIXED, GREY, INK, PALETTE, SMALL, free_styles


def contrast_with_white(color: str) -> float:
    """As WCAG 2.2 defines it, from the relative luminance."""
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in to_rgb(color)]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


@pytest.mark.parametrize("color", [*PALETTE, GREY, INK])
def test_every_colour_stands_out_from_white(color: str) -> None:
    assert contrast_with_white(color) >= 3


def test_the_measure_itself() -> None:
    assert contrast_with_white("white") == pytest.approx(1)
    assert contrast_with_white("black") == pytest.approx(21)
    assert contrast_with_white("#E69F00") < 3


def test_layouts_have_the_first_two_colours_and_no_two_series_look_alike() -> None:
    assert [color for color, _ in FIXED.values()] == list(PALETTE[:2])
    assert len(set(PALETTE)) == len(PALETTE)
    assert SMALL >= 10


@pytest.mark.parametrize("taken", [(), tuple(FIXED.values())])
def test_thirty_curves_look_different_and_none_as_a_layout_that_is_taken(
    taken: tuple[tuple[str, str], ...],
) -> None:
    looks = [(style.color, style.marker) for style in islice(free_styles(taken), 30)]
    assert len(set(looks)) == 30
    assert not set(looks) & set(taken)
    assert (looks[:2] == list(FIXED.values())) == (not taken)
