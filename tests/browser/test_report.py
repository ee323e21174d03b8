"""The HTML report, opened as a reader does: every page, without a network."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.common.exceptions import (
    ElementClickInterceptedException,
    NoSuchFrameException,
    NoSuchWindowException,
    StaleElementReferenceException,
)
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from support import browser

pytestmark = [pytest.mark.engine, pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = ["cost", "labels"]
"""Pages about all studies, beside the summary."""

MOVING = [
    ElementClickInterceptedException,
    NoSuchFrameException,
    NoSuchWindowException,  # what a frame says that is replaced while it is read
    StaleElementReferenceException,
]
"""What a page says that is still being laid out."""

AIM = """
window.landed = false;
arguments[0].addEventListener('click', () => { window.landed = true; }, {once: true});
return document.getAnimations().every(animation => animation.playState !== 'running');
"""
"""Whether nothing moves, so that a click will land on the element; `landed` tells whether it did."""

PHONE = {"width": 420, "height": 800, "deviceScaleFactor": 2, "mobile": True}


class Report:
    """The report in a browser."""

    def __init__(self, driver: Chrome, results: Path) -> None:
        self.driver = driver
        self.results = results
        config = json.loads((results / "config.json").read_text())
        self.title = config["title"]
        self.questions = {name: study["question"] for name, study in config["studies"].items() if study}
        self.runs = {study: runs_of(results / "runs" / study) for study in self.questions}

    def wait(self, condition: Any) -> Any:
        return WebDriverWait(self.driver, 20, poll_frequency=0.1, ignored_exceptions=MOVING).until(condition)

    def find(self, selector: str) -> WebElement:
        return self.wait(lambda driver: driver.find_element(By.CSS_SELECTOR, selector))

    def click(self, find: Callable[[Chrome], WebElement]) -> None:
        """Click an element once it stands still: the menu slides while its width changes."""

        def landed(driver: Chrome) -> bool:
            element = find(driver)
            if not driver.execute_script(AIM, element):
                return False
            element.click()
            return driver.execute_script("return window.landed")

        self.wait(landed)

    def menu(self, text: str) -> None:
        """Click an entry of the menu on the left."""
        self.click(lambda driver: driver.find_element(By.XPATH, f"//nav//a[span[text()='{text}']]"))

    def home(self) -> None:
        self.click(lambda driver: driver.find_element(By.CSS_SELECTOR, "nav nav a"))

    def entries(self) -> list[str]:
        """First labels of the results in the category that is open."""
        self.find("nav tbody tr")
        return [row.text.strip() for row in self.driver.find_elements(By.CSS_SELECTOR, "nav tbody tr")]

    def show(self, entry: str, *, button: int = 0) -> None:
        """Show a result; its second button shows what is known about it."""

        def found(driver: Chrome) -> WebElement:
            row = driver.find_element(By.XPATH, f"//nav//tr[td[text()='{entry}']]")
            return row.find_elements(By.TAG_NAME, "a")[button]

        self.click(found)

    def enter_page(self) -> None:
        """Go on inside the HTML result that is shown."""
        self.driver.switch_to.frame(self.find("iframe"))
        self.find("h1")

    def leave_page(self) -> None:
        self.driver.switch_to.default_content()

    def text(self) -> str:
        return self.driver.find_element(By.TAG_NAME, "body").text


def runs_of(folder: Path) -> set[tuple[str, str]]:
    """Layout and n of each run that was measured."""
    workloads = [
        json.loads(path.read_text())["spec"]["workload"] for path in folder.glob("*/measurement.json")
    ]
    return {(load["layout"], str(load["n"])) for load in workloads}


@pytest.fixture(scope="module")
def programs() -> tuple[str, str]:
    """Chromium and its driver; asked for before anything is measured."""
    return browser.programs()


@pytest.fixture(scope="module")
def built(programs, request, tmp_path_factory) -> tuple[Path, Path]:
    """The report's file, and the results behind it."""
    measured = request.getfixturevalue("measured")  # not an argument: without a browser nothing is measured
    folder = tmp_path_factory.mktemp("report")
    path, measured = folder / "report.html", measured.copy(folder / "measured")
    outcome = measured.snakemake("--report", str(path))
    assert outcome.status == 0, outcome.text
    assert str(measured.folder) not in path.read_text()  # nobody else's machine has that folder
    return path, measured.results


@pytest.fixture(scope="module")
def driver(programs, tmp_path_factory) -> Iterator[Chrome]:
    with browser.chrome(programs, tmp_path_factory.mktemp("chromium")) as chrome:
        yield chrome


@pytest.fixture
def report(built, driver) -> Iterator[Report]:
    """The report's start page; afterwards nothing may have failed, and nothing may have asked a network."""
    path, results = built
    driver.get(path.as_uri())
    yield Report(driver, results)
    driver.switch_to.default_content()
    browser.check_logs(driver)


def test_start_page_has_title_workflow_and_menu(report):
    assert report.find("h1.title").text == report.title
    assert report.find("#rulegraph canvas").size["height"] > 100
    menu = report.find("nav").text.splitlines()
    assert menu[-4:] == ["Answers", "Plots", "Tables", "Timelines"]
    assert "system-message" not in report.driver.page_source  # what a fault in the text turns into


def test_statistics_and_about(report):
    report.menu("Statistics")
    for part in ("#runtimes canvas", "#timeline canvas"):
        assert report.find(part).size["height"] > 100
    report.home()
    report.menu("About")
    assert "Snakemake" in report.text()


def test_answers_has_every_question(report):
    report.menu("Answers")
    assert report.entries() == ["all", *PAGES]
    report.show("all")
    report.enter_page()
    assert report.find("h1").text == report.title
    for study, question in report.questions.items():
        assert study in report.text()
        assert question in report.text()
    findings = report.driver.find_elements(By.CSS_SELECTOR, ".findings li")
    assert len(findings) >= len(report.questions)


@pytest.mark.parametrize("page", PAGES)
def test_each_page_opens(report, page):
    report.menu("Answers")
    report.show(page)
    report.wait(lambda driver: page_title(report) == page)
    report.enter_page()
    rows = report.driver.find_elements(By.CSS_SELECTOR, "tbody tr")
    runs = sum(len(runs) for runs in report.runs.values())
    # random weights have no labels, and the page says so
    assert len(rows) == (0 if page == "labels" else runs)
    assert page == "cost" or "random weights" in report.text()


def test_plots(report):
    report.menu("Plots")
    assert report.entries() == sorted([*report.questions, *PAGES])
    for study in report.entries():
        report.show(study)
        image = report.wait(lambda driver, study=study: shown(driver, study))
        assert image["src"].startswith("data:image/svg+xml")
        assert image["natural"] > 500
        assert image["right"] <= image["window"]  # fits beside the menu


def test_timelines_of_each_run(report):
    for study in report.questions:
        report.menu("Timelines")
        report.menu(study)
        runs = sorted(path.name for path in (report.results / "runs" / study).iterdir())
        assert report.entries() == runs
        for run in runs:
            report.show(run)
            image = report.wait(lambda driver, name=f"{study}/{run}": shown(driver, name))
            assert image["right"] <= image["window"]
        report.show(runs[0], button=-1)
        assert f"What happened inside run {runs[0]} of study {study}" in report.find("nav .prose").text
        assert "system-message" not in report.driver.page_source
        report.home()


def shown(driver: Chrome, name: str) -> dict[str, Any] | None:
    """Size of the image of that name, once it is the one on show."""
    image = driver.execute_script(
        "const image = document.querySelector('#app img:not(nav img)');"
        "return image && image.complete && {src: image.src, natural: image.naturalWidth,"
        " right: image.getBoundingClientRect().right, window: innerWidth,"
        " path: app.state.resultPath};"
    )
    return image if image and image["path"].endswith(f"/{name}.svg") and image["natural"] else None


def test_tables_have_a_row_a_run(report):
    report.menu("Tables")
    assert report.entries() == sorted(report.questions)
    for study, question in report.questions.items():
        report.show(study)
        report.wait(lambda driver, study=study: page_title(report) == study)
        report.enter_page()
        assert question in report.text()
        rows = report.driver.find_elements(By.CSS_SELECTOR, "tbody tr")
        cells = [[cell.text for cell in row.find_elements(By.TAG_NAME, "td")] for row in rows]
        assert {(layout, n) for layout, n, *_ in cells} == report.runs[study]
        assert len(cells) == len(report.runs[study])
        report.leave_page()


def page_title(report: Report) -> str:
    report.leave_page()  # where the try before ended inside a frame
    report.driver.switch_to.frame(report.driver.find_element(By.CSS_SELECTOR, "iframe"))
    title = report.driver.find_element(By.TAG_NAME, "h1").text
    report.leave_page()
    return title


@pytest.mark.parametrize("category", ["Answers", "Plots", "Tables"])
def test_each_result_has_a_caption(report, category):
    report.menu(category)
    for entry in report.entries():
        report.show(entry, button=-1)
        assert len(report.find("nav .prose").text) > 80
        assert "system-message" not in report.driver.page_source
        assert (report.questions.get(entry, "") in report.text()) or category != "Plots"
        report.home()
        report.menu(category)


def test_wide_tables_scroll_in_their_own_box_on_a_phone(built, driver):
    _, results = built
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    try:
        for page in (results / "tables").glob("*.html"):
            driver.get(page.as_uri())
            width = driver.execute_script("return document.documentElement.scrollWidth")
            assert width <= PHONE["width"], page.name
            if not driver.find_elements(By.CSS_SELECTOR, "td.layout"):
                assert page.stem in ("summary", "labels")  # random weights have no labels
                continue
            moved = driver.execute_script(
                "const box = document.querySelector('.wide'); box.scrollLeft = 200;"
                "return [box.scrollLeft, ...['td.layout', 'td.n'].map("
                "  cell => box.querySelector(cell).getBoundingClientRect().left)];"
            )
            assert moved[0] == 200
            assert 0 <= moved[1] < moved[2] < 150  # the cells that name the run stay in view
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
