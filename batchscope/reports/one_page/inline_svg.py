"""Figures inside a page: one that takes the page's colours and links its marks, or a picture of its own.

A figure is drawn in the light colours of `COLOURS`; in the page each becomes a variable of the style sheet,
so that it is light or dark as the page is.
"""

import base64
import io
import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.figure import Figure

from batchscope.reporting.style import AFTER, BLUE, GREY, INK, ORANGE, RC
from batchscope.reporting.style import GREEN as SECOND_GREEN

GREEN, PAPER, RULE = "#009E73", "#ffffff", "#e3e6ea"
COLOURS = {
    BLUE: "blue",
    ORANGE: "orange",
    GREEN: "green",
    SECOND_GREEN: "green",
    AFTER: "panel",
    GREY: "muted",
    INK: "ink",
    PAPER: "paper",
    RULE: "rule",
}
"""What a colour is called in the style sheet."""

SVG, XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
HREF = f"{{{XLINK}}}href"
FONT = re.compile(r"(font: [^;]*?px|font-family:) [^;]*")
PLACES = re.compile(r'(?<= )(?:d|transform|points|viewBox|width|height|[xyr]|[xy][12]|c[xy])="[^"]*"')
"""Attributes that say where something is."""

LONG = re.compile(r"-?\d+\.\d{3,}")
"""A number with more decimals than can be seen."""


@dataclass(frozen=True)
class Mark:
    """What a mark of a figure says when pointed at, and where it leads; "" leads nowhere."""

    text: str
    href: str = ""


def inline_svg(figure: Figure, name: str, label: str, marks: Mapping[str, Mark]) -> Markup:
    """A figure as an element of a page.

    Args:
        figure: drawn within ``mpl.rc_context(RC)``.
        name: no other figure of the page has it; begins all ids.
        label: what a screen reader says of it.
        marks: by the gid of an artist.
    """
    root = ET.fromstring(_drawn(figure, name))  # noqa: S314 (our own)
    for child in [each for each in root if each.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}defs")][:1]:
        root.remove(child)
    for parent in list(root.iter()):
        for child in [each for each in parent if each.tag == f"{{{SVG}}}style"]:
            parent.remove(child)
    groups = {each.get("id"): each for each in root.iter()}
    for gid, mark in marks.items():
        _say(groups[gid], mark)
    _rename(root, name)
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    linked = any(mark.href for mark in marks.values())
    root.attrib |= {"role": "group" if linked else "img", "aria-label": label}
    return Markup(_in_colours(_written(root)))  # noqa: S704 (ours, escaped by the writer)


def _drawn(figure: Figure, name: str) -> str:
    text = io.StringIO()
    with mpl.rc_context({**RC, "svg.hashsalt": name}):
        figure.savefig(text, format="svg", facecolor="none", metadata={"Date": None, "Creator": None})
    return text.getvalue()


def _say(group: ET.Element, mark: Mark) -> None:
    """Put an artist's shapes into a link, or a group, that says what they stand for."""
    inner = ET.Element(f"{{{SVG}}}a" if mark.href else f"{{{SVG}}}g")
    if mark.href:
        inner.attrib |= {"href": mark.href, "aria-label": mark.text}
    ET.SubElement(inner, f"{{{SVG}}}title").text = mark.text
    inner.extend(list(group))
    group[:] = [inner]


def _rename(root: ET.Element, name: str) -> None:
    """Ids that no other figure of the page has; only those that something refers to stay."""
    text = ET.tostring(root, encoding="unicode")
    used = set(re.findall(r"(?:url\(#|xlink:href=\"#|href=\"#)([^)\"]+)", text)) | {
        each.get(HREF, "").removeprefix("#") for each in root.iter()
    }
    for each in root.iter():
        if (own := each.get("id")) is not None:
            if own in used:
                each.set("id", f"{name}-{own}")
            else:
                del each.attrib["id"]
        if reference := each.attrib.pop(HREF, None):
            each.set("href", f"#{name}-{reference[1:]}")
        if clip := each.get("clip-path"):
            each.set("clip-path", clip.replace("url(#", f"url(#{name}-"))


def _written(root: ET.Element) -> str:
    ET.register_namespace("", SVG)
    text = ET.tostring(root, encoding="unicode")
    return re.sub(r"\n\s*", "\n", _rounded(text))


def _rounded(text: str) -> str:
    """Places with two decimals; words stay as they are, though a version in them may look like a number."""
    return PLACES.sub(lambda place: LONG.sub(lambda number: f"{float(number[0]):.2f}", place[0]), text)


def _in_colours(text: str) -> str:
    for colour, name in COLOURS.items():
        text = text.replace(colour.lower(), f"var(--{name})")
    return re.sub(r'style="([^"]*)"', lambda style: f'style="{_own_font(style[1])}"', text)


def _own_font(style: str) -> str:
    return FONT.sub(r"\1 var(--font)", style)


def data_uri(svg: Path) -> str:
    """A figure's file as an address that holds it whole, with no more decimals than can be seen."""
    text = _rounded(svg.read_text(encoding="utf-8"))
    return "data:image/svg+xml;base64," + base64.b64encode(text.encode()).decode()
