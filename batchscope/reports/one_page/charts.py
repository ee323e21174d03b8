"""A chart of settings as elements of the page: one for a wide screen, one for a phone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from batchscope.reporting.numbers import counted
from batchscope.reports.one_page.chart import COUNTING, NARROW, WIDE, chart, gid_of, rows_shown
from batchscope.reports.one_page.inline_svg import Mark, inline_svg
from batchscope.reports.one_page.words import Values, setting_in_words

MOST_LINKS = 60
"""With more marks than this they are no links: a keyboard would go through each; the table has them."""


@dataclass(frozen=True)
class Charts:
    """Both sizes of one chart, and what it does not show."""

    wide: Markup
    narrow: Markup
    left_out: str
    of_right: bool
    """whether it has rightness up"""
    has_filled: bool
    """whether the recommended setting is drawn"""
    has_grey: bool
    """whether settings are drawn that are not to be used"""


def charts(name: str, settings: Sequence[Values], links: Mapping[str, str]) -> Charts | None:
    """The chart of some settings; None where there is nothing to draw.

    Args:
        name: no other chart of the page has it.
        settings: with a speed each.
        links: where a setting's mark leads, by its id.
    """
    if not settings:
        return None
    of_right = any(setting["right"] for setting in settings)
    drawn = [each for each in settings if each["right"]] if of_right else list(settings)
    indices = range(len(drawn)) if of_right else rows_shown(drawn)
    linked = len(indices) <= MOST_LINKS
    marks = {
        gid_of(index): Mark(
            setting_in_words(drawn[index]), links.get(drawn[index]["id"], "") if linked else ""
        )
        for index in indices
    }
    about = "Speed across, rightness up" if of_right else "Speed"
    label = f"{about}, of {counted(len(marks), 'setting')}; the table of each study has the figures"
    wide, narrow = (
        inline_svg(chart(drawn, size), f"{name}-{size.width}", label, marks) for size in (WIDE, NARROW)
    )
    states = {drawn[index]["state"] for index in indices}
    left_out = _left_out(len(settings) - len(marks), of_right)
    return Charts(wide, narrow, left_out, of_right, "recommended" in states, bool(states - {*COUNTING}))


def _left_out(number: int, of_right: bool) -> str:
    if not number:
        return ""
    why = "whose labels cannot be judged" if of_right else "that are slower"
    return f"Not drawn: {counted(number, 'setting')} {why}."
