"""The answer on one page, opened as a reader does: from a file, without a network, wide and narrow, light and dark."""

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from support import browser
from support.project import ROOT
from support.verdicts import planted

from batchscope.config.configuration import load_config
from batchscope.reports.one_page.render import page_html
from batchscope.reports.one_page.report import content_of
from scripts.upkeep.remake_reference import REFERENCE, remake

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

AXE = ROOT / ".axe" / "axe.min.js"
SCREENS = [(1400, 900), (390, 844)]
RUNS = 1000


class Page:
    """The page in a browser."""

    def __init__(self, driver: Chrome, path: Path) -> None:
        self.driver, self.path = driver, path

    def open(self, anchor: str = "") -> None:
        self.driver.get("about:blank")  # else a new anchor alone loads nothing
        self.driver.get(f"{self.path.as_uri()}{anchor}")

    def js(self, script: str, *arguments: object) -> object:
        return self.driver.execute_script(script, *arguments)

    def text(self, selector: str) -> str:
        return self.driver.find_element(By.CSS_SELECTOR, selector).text

    def type(self, selector: str, text: str) -> None:
        field = self.driver.find_element(By.CSS_SELECTOR, selector)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)

    def look(self, width: int, height: int, scheme: str) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


@pytest.fixture(scope="module")
def driver(tmp_path_factory) -> Iterator[Chrome]:
    """One start for all tests of the page."""
    with browser.chrome(browser.programs(), tmp_path_factory.mktemp("chromium")) as chrome:
        yield chrome


@pytest.fixture(scope="module")
def results(driver, tmp_path_factory) -> Path:
    """The H100's runs, with pages of a kind each."""
    folder = tmp_path_factory.mktemp("remade")
    remake(REFERENCE, folder, ("labels", "cost"))
    return folder / "results"


def write(results: Path, path: Path, runs: pd.DataFrame, **how: object) -> Path:
    config = load_config(json.loads((results / "config.json").read_text()))
    verdict = planted(
        [f"{study}/{run}" for study, run in zip(runs["study"], runs["run"], strict=True)], **how
    )
    path.write_text(page_html(content_of(verdict, runs, config, results)), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def written(results, tmp_path_factory) -> Path:
    runs = pd.read_parquet(results / "tables" / "runs.parquet")
    return write(results, tmp_path_factory.mktemp("page") / "report.html", runs, demo=True)


@pytest.fixture
def page(driver, written) -> Iterator[Page]:
    """The page, wide and light; afterwards nothing may have failed, and nothing may have asked a network."""
    page = Page(driver, written)
    page.look(*SCREENS[0], "light")
    page.open()
    yield page
    browser.check_logs(driver)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SCREENS, ids=["wide", "narrow"])
def test_a_screen_reader_and_a_keyboard_can_use_it(page, size, scheme):
    assert AXE.is_file(), "axe-core is missing; get it with: tests/install_axe.sh"
    page.look(*size, scheme)
    page.open()
    page.js("for (const part of document.querySelectorAll('details')) part.open = true")
    page.js(AXE.read_text())
    found = page.driver.execute_async_script("axe.run().then(arguments[0])")
    assert {
        each["id"]: each["nodes"][0]["html"]
        for each in found["violations"]
        if each["impact"] in ("serious", "critical")
    } == {}
    assert len(found["passes"]) > 20


@pytest.mark.parametrize("width", [390, 700, 1000, 2560])
def test_nothing_scrolls_sideways(page, width):
    page.look(width, 900, "light")
    page.open()
    page.js("for (const part of document.querySelectorAll('details')) part.open = true")
    wide, seen = page.js("const all = document.documentElement; return [all.scrollWidth, all.clientWidth]")
    assert wide == seen >= width - 20  # a scroll bar


def test_the_verdict_comes_first_and_a_demo_says_so(page):
    assert page.text("h1") == "Use 4 texts in one prompt"
    assert page.text(".banner") == "A toy model on a CPU: shows how a report looks, not what to do."
    headings = [each.text for each in page.driver.find_elements(By.CSS_SELECTOR, "h2")]
    assert headings == [
        "How fast, and how right", "Does it matter?", "What could make this wrong", "What to run next", "Your pile",
        "What to copy", "Label the whole pile", "Studies", "Everything else",
    ]  # fmt: skip
    bottom = page.js("return document.querySelector('.facts').getBoundingClientRect().bottom")
    assert bottom < SCREENS[0][1]


def test_links_open_what_is_folded(page):
    for anchor in (
        "study-packing",
        "run-packing-packed-n4",
        "run-decoding-packed-n40-decoding-labels",
        "part-cost",
        "part-timelines",
    ):
        page.open(f"#{anchor}")
        shown = page.js(
            "const found = document.getElementById(arguments[0]), box = found.getBoundingClientRect();"
            "return [found.closest('details').open, box.height > 0, box.top < innerHeight && box.bottom > 0]", anchor
        )  # fmt: skip
        assert shown == [True, True, True], anchor
    # a link on the page itself
    page.open()
    page.driver.find_element(By.CSS_SELECTOR, ".questions a").click()
    assert page.js("return document.getElementById('study-packing').open")


def test_every_link_leads_somewhere(page):
    lost = page.js(
        "return [...document.querySelectorAll('a')].map(a => a.getAttribute('href'))"
        ".filter(href => !href.startsWith('#') || !document.getElementById(decodeURIComponent(href.slice(1))))"
    )
    assert lost == []


def test_hours_and_money_follow_the_pile(page):
    page.js("document.querySelector('#pace').selectedOptions[0].dataset.speed = 1000")
    page.type("#texts", "36,000,000")
    assert page.text(".cost").startswith("10 hours for 36,000,000 texts")
    page.type("#price", "2.5")
    assert page.text(".cost").endswith("costs 25.00 at 2.50 an hour")
    page.js(
        "const s = document.querySelector('#texts-slider'); s.value = 4; s.dispatchEvent(new Event('input'))"
    )
    assert page.text(".cost").startswith("10 seconds for 10,000 texts")
    page.type("#texts", "many")
    assert page.text(".cost") == "How many texts are there?"


def test_tables_sort_and_filter(page):
    page.open("#study-batched_tokens")
    head = page.driver.find_element(
        By.XPATH, "//*[@id='study-batched_tokens']//th[button[starts-with(., 'texts/s')]]"
    )

    def column() -> list[float]:
        cells = page.js(
            "const [head] = arguments; return [...head.closest('table').tBodies[0].rows]"
            ".map(row => parseFloat(row.cells[head.cellIndex].textContent))", head
        )  # fmt: skip
        return list(cells)

    before = column()
    head.find_element(By.TAG_NAME, "button").click()
    assert column() == sorted(before) != before
    assert head.get_attribute("aria-sort") == "ascending"
    head.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert column() == sorted(before, reverse=True)
    page.open("#part-cost")
    rows = "return document.querySelectorAll('#part-cost tbody tr:not([hidden])').length"
    every = page.js(rows)
    page.type("#part-cost input[type=search]", "packed")
    assert 0 < page.js(rows) < every


@pytest.mark.parametrize(
    ("size", "seen"), [(SCREENS[0], "wide"), (SCREENS[1], "narrow")], ids=["wide", "narrow"]
)
def test_timelines_can_be_read_and_reached_on_every_screen(page, size, seen):
    """Two runs in the figure for this screen, with letters of 10 pixels at least, and the same as lines of text by keyboard."""
    page.look(*size, "light")
    page.open("#part-timelines")
    names, letters, inside = page.js(
        "const part = document.getElementById('part-timelines');"
        "const drawn = [...part.querySelectorAll('svg')].filter(each => each.checkVisibility());"
        "const box = drawn[0].getBoundingClientRect();"
        "return [drawn.map(each => each.parentElement.className + ' ' + each.getAttribute('role')),"
        " [...drawn[0].querySelectorAll('text')].map(text => text.getBoundingClientRect().height),"
        " box.left >= 0 && box.right <= innerWidth]"
    )
    assert names == [f"{seen}-chart img"]
    assert min(letters) >= 10
    assert inside
    head, first = page.driver.find_elements(By.CSS_SELECTOR, "#part-timelines summary")[:2]
    page.driver.switch_to.active_element.send_keys(Keys.TAB)
    if (
        page.driver.switch_to.active_element == head
    ):  # a link into the page may leave the focus before its target
        head.send_keys(Keys.TAB)
    assert page.driver.switch_to.active_element == first
    first.send_keys(Keys.ENTER)
    assert "Avg prompt throughput" in page.text("#part-timelines .log pre")


def test_what_is_copied_is_what_is_shown(page):
    page.js("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    page.driver.find_element(By.CSS_SELECTOR, "#copy .code button").click()
    assert page.js("return window.copied") == page.js(
        "return document.querySelector('#copy pre').textContent"
    )


def test_print_leaves_out_what_paper_cannot_do(page):
    page.driver.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"media": "print", "features": [{"name": "prefers-color-scheme", "value": "dark"}]},
    )
    shown = page.js(
        "const seen = name => document.querySelector(name).checkVisibility();"
        "return [seen('h1'), seen('.wide-chart svg'), seen('nav'), seen('.code button'), getComputedStyle(document.body).backgroundColor]"
    )
    page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert shown == [True, True, False, False, "rgb(255, 255, 255)"]


def seconds_to_open(page: Page) -> float:
    begun = time.monotonic()
    page.open()
    assert page.text("h1")
    return time.monotonic() - begun


def test_a_thousand_runs_open_at_once(driver, results, tmp_path):
    few = pd.read_parquet(results / "tables" / "runs.parquet")
    many = pd.concat([few] * (RUNS // len(few) + 1), ignore_index=True).head(RUNS)
    many["run"] = [f"{run}-{number}" for number, run in enumerate(many["run"])]
    page = Page(driver, write(results, tmp_path / "report.html", many))
    assert page.path.stat().st_size < 10e6
    page.look(*SCREENS[0], "light")
    assert (
        min(seconds_to_open(page) for _ in range(3)) < 2
    )  # the best of three: other tests run at the same time
    last = many.iloc[-1]
    page.open(f"#run-{last['study']}-{last['run']}")
    assert page.js("return document.querySelector('tr.here').getBoundingClientRect().height") > 0
    browser.check_logs(driver)
