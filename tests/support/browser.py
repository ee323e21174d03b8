"""Headless Chromium without a network, for tests that read a page as people do."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

INSTALL = "apt-get install --no-install-recommends chromium chromium-driver"
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # a page that needs a network fails, wherever the test runs
    "--window-size=1500,1100",
)


def programs() -> tuple[str, str]:
    """Chromium and its driver; without them a test is skipped, or fails where they are required."""
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if browser and driver:
        return browser, driver
    reason = f"Chromium or its driver is missing; install both with: {INSTALL}"
    if os.environ.get("BATCHSCOPE_REQUIRE_BROWSER") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def chrome(programs: tuple[str, str], profile: Path) -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location, executable = programs
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # With the driver's path given, Selenium looks for no other and downloads none.
    found = Chrome(options=options, service=Service(executable))
    found.set_script_timeout(120)  # other tests may take the cores
    yield found
    found.quit()


def check_logs(driver: Chrome) -> None:
    """Nothing may have failed since the last call, and nothing may have asked a network."""
    # Both logs are emptied before either is judged: the next test starts with none of this.
    faults = [entry["message"] for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
    asked = requests(driver)
    assert faults == []
    assert asked == []


def requests(driver: Chrome) -> list[str]:
    """What was asked of a network since the last call."""
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    urls = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent"
    ]
    assert urls  # the report itself: the log does work
    return [url for url in urls if url.partition(":")[0] in ("http", "https", "ws", "wss")]
