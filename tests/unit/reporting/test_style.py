"""The palette: what can be seen on white."""

import pytest
from matplotlib.colors import to_rgb

from batchscope.reporting.style import FIXED, GREY, INK, PALETTE, SMALL


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
