"""Figures inside the page: their colours are the page's, their ids their own."""

import base64
import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
from matplotlib.figure import Figure

from batchscope.reporting.style import BLUE, RC
from batchscope.reports.one_page.inline_svg import Mark, data_uri, inline_svg


def figure(*gids: str) -> Figure:
    with mpl.rc_context(RC):
        drawn = Figure(figsize=(3, 2))
        ax = drawn.subplots()
        for number, gid in enumerate(gids):
            ax.plot([number + 1 / 3], [number], marker="o", ls="", color=BLUE, gid=gid)
        ax.set_xlabel("texts & more")
        return drawn


def test_marks_are_links_that_say_what_they_are():
    root = ET.fromstring(
        inline_svg(figure("a", "b"), "one", "Dots", {"a": Mark("first <b>", "#run-a"), "b": Mark("second")})
    )
    (link,) = root.iter("{http://www.w3.org/2000/svg}a")
    assert link.attrib == {"href": "#run-a", "aria-label": "first <b>"}
    assert [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")] == ["first <b>", "second"]
    assert (root.get("role"), root.get("aria-label")) == ("group", "Dots")


def test_without_links_it_is_an_image():
    root = ET.fromstring(inline_svg(figure("a"), "one", "Dots", {"a": Mark("first")}))
    assert root.get("role") == "img"
    assert root.get("width") is None
    assert root.get("viewBox")


def test_two_figures_share_no_id_and_every_reference_is_found():
    texts = [inline_svg(figure("a"), name, "Dots", {}) for name in ("one", "two")]
    ids = [set(re.findall(r' id="([^"]+)"', text)) for text in texts]
    assert ids[0]
    assert not ids[0] & ids[1]
    for text, own in zip(texts, ids, strict=True):
        referred = set(re.findall(r'href="#([^"]+)"', text)) | set(re.findall(r"url\(#([^)]+)\)", text))
        assert referred
        assert referred <= own


def test_colours_and_font_are_the_pages_and_nothing_leaks_out():
    text = inline_svg(figure("a"), "one", "Dots", {})
    assert "var(--blue)" in text
    assert BLUE.lower() not in text
    assert "var(--font)" in text
    assert "DejaVu" not in text
    assert "<style" not in text
    assert not re.search(r'="[^"]*\d\.\d{3}', text)
    assert text == inline_svg(figure("a"), "one", "Dots", {}), "the same data, the same bytes"


def test_words_keep_their_digits_where_places_are_rounded(tmp_path):
    """A driver's version is no number with decimals that nobody sees."""
    path = tmp_path / "x.svg"
    path.write_text(
        '<svg><g transform="translate(1.23456 -7.00051)"><text x="9.8765">580.159.04</text></g></svg>'
    )
    drawn = base64.b64decode(data_uri(path).partition(",")[2]).decode()
    assert drawn == '<svg><g transform="translate(1.23 -7.00)"><text x="9.88">580.159.04</text></g></svg>'
    shown = figure("a")
    shown.axes[0].set_title("driver 580.159.04")
    text = inline_svg(shown, "one", "Ratio 1.0156", {"a": Mark("1.0156 times")})
    for words in ("driver 580.159.04", "Ratio 1.0156", "1.0156 times"):
        assert words in text


def test_a_picture_is_whole_in_its_address(tmp_path):
    path = tmp_path / "x.svg"
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"><path d="M 1.23456 2"/></svg>')
    kind, _, data = data_uri(path).partition(",")
    assert kind == "data:image/svg+xml;base64"
    assert (
        base64.b64decode(data).decode()
        == '<svg xmlns="http://www.w3.org/2000/svg"><path d="M 1.23 2"/></svg>'
    )
