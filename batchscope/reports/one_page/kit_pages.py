"""Pages of other reports, folded into this one: what stands in them below their title."""

import re
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

BODY = re.compile(r"</h1>(.*)</body>", re.DOTALL)
FINDING = re.compile(r'<ul class="findings"><li>(.*?)</li>', re.DOTALL)
LINK = re.compile(r"</?a\b[^>]*>")
"""Links to files beside the page: nothing lies beside this one."""

QUESTION = re.compile(r'<p class="question">.*?</p>', re.DOTALL)
EMPTY = re.compile(r"<(ul|p)\b[^>]*></\1>")
EMPTY_HEADING = re.compile(r'<th colspan="(\d+)">\s*<span></span></th>')
OPEN = "not conclusive"
"""Of what was seen here, and may not come out again."""

INTERVAL = re.compile(r" \((?:95 %|repeatability).*|;.*", re.DOTALL)


@dataclass(frozen=True)
class KitPage:
    """What this page shows of another one."""

    answer: str
    """its first finding, without its interval"""
    body: Markup


def kit_page(file: Path) -> KitPage:
    """Read a page that `batchscope.reporting.render` wrote."""
    return parts_of(file.read_text(encoding="utf-8"))


def parts_of(html: str) -> KitPage:
    """The answer and the body of a page; its headings are two levels lower."""
    found = BODY.search(html)
    body = LINK.sub("", found[1] if found else html)
    answer = FINDING.search(body)
    body = EMPTY.sub("", QUESTION.sub("", body)).replace("<h2>", "<h4>").replace("</h2>", "</h4>")
    body = body.replace(
        '<div class="wide">', '<div class="wide" tabindex="0" role="group" aria-label="Table">'
    )
    body = EMPTY_HEADING.sub(r'<td colspan="\1"></td>', body)
    return KitPage(short(Markup(answer[1]).unescape()) if answer else "", Markup(body.strip()))  # noqa: S704


def short(finding: str) -> str:
    """A finding as a title: its claim, without the interval and what it rests on, or that it is none."""
    claim = INTERVAL.sub("", finding).strip().rstrip(".:") or finding
    is_open = OPEN in finding and OPEN not in claim
    return f"{claim}: {OPEN}" if is_open else claim
