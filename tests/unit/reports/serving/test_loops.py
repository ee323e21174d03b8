"""Sentences on loads, word for word, and true to the table beneath them: planted cases, and an ordinary one of each kind."""

import re
from pathlib import Path

import numpy as np
import pytest
from support.queues import client, closed_loop, even, in_steps, poisson
from support.serving_helpers import PUBLISHED, lasted

from batchscope.config.serving import ServingStudy, Slo
from batchscope.reporting.page import Page
from batchscope.reports.serving.frame import serving_frame
from batchscope.reports.serving.page import WITHHELD, serving_page
from batchscope.results.loads.points import load_points

SEPARATE = {"layout": "separate", "n": 1, "texts": 100_000}


def page_of(*folders: Path) -> Page:
    return serving_page("mine", ServingStudy(), serving_frame(load_points(folders), Slo(), PUBLISHED), Slo())


def cells(page: Page, point: str) -> dict[str, str]:
    """A load point's column of the table, by line."""
    place = next(place for place, (_, name) in enumerate(page.table.columns) if name == point)
    return {row[0]: str(row[place]) for row in page.table.rows}


def closed(
    folder: Path, under_way: int, count: int, seed: int = 0, workload: dict | None = None, asked: int = 0
) -> Path:
    rows = client(*closed_loop(np.random.default_rng(seed), under_way, count))
    load = {"max_concurrency": asked or under_way, "seed": seed}
    return lasted(folder / f"c{asked or under_way}-s{seed}", rows, load, workload or SEPARATE)


def opened(folder: Path, rate: float, count: int, seed: int = 0, server=even, came: float = 0) -> Path:
    rng = np.random.default_rng(seed)
    sent = poisson(rng, came or rate, count)
    sent *= (
        count / (came or rate) / sent[-1]
    )  # as vLLM's client does, so that chance does not change the rate
    return lasted(
        folder / f"rate{rate}-s{seed}",
        client(sent, server(rng, sent)),
        {"request_rate": rate, "seed": seed},
        SEPARATE,
    )


def test_an_ordinary_closed_loop_has_a_knee(tmp_path: Path) -> None:
    page = page_of(*(closed(tmp_path, most, 1280) for most in (1, 4, 32, 128)))
    assert page.findings == [
        "Separate prompts: the knee is at 32 under way, with 120.3 (118.4 to 122.2) requests/s and a median E2EL of 265.5 (260.8 to 270.3) ms. 128 under way bring 1.05x of that, and take 3.7x as long.",
    ]
    assert cells(page, "separate, 32 under way")["Steady: requests/s"] in page.findings[0]


def test_where_throughput_still_rises_there_is_no_knee(tmp_path: Path) -> None:
    page = page_of(*(closed(tmp_path, most, 200) for most in (1, 2, 4)))
    assert page.findings == [
        "Separate prompts: no knee up to 4 under way, with 58.99 (58.23 to 59.76) requests/s and a median E2EL of 66.9 (65.9 to 68.0) ms: a larger load may do more.",
    ]
    at_last = cells(page, "separate, 4 under way")
    assert at_last["Steady: requests/s"] in page.findings[0]
    assert f"a median E2EL of {at_last['Steady: median E2EL (ms)']} ms" in page.findings[0]


def test_a_load_that_cannot_be_under_way_says_so(tmp_path: Path) -> None:
    """400 requests, and 1,024 asked for: all are sent at once."""
    folders = [closed(tmp_path, most, 200) for most in (1, 8)]
    page = page_of(*folders, closed(tmp_path, 400, 400, asked=1024), closed(tmp_path, 64, 100))
    assert page.findings[1:] == [
        "Separate prompts: 64 under way: 100 requests are too few for a steady window; set load.requests: 640 or "
        "more.",
        "Separate prompts: 1,024 under way were asked for, and 400 were at most: 400 requests are too few for a "
        "steady window; set load.requests: 10240 or more.",
    ]
    assert "knee is" not in page.findings[0]
    many = cells(page, "separate, 1,024 under way")
    assert many["Requests under way, at most"] == "400"
    assert (many["Steady: requests/s"], many["Steady: requests under way"]) == ("", "")


@pytest.mark.parametrize("under_way", [1, 8, 64])
def test_the_remedy_for_a_load_that_is_too_short_is_one(tmp_path: Path, under_way: int) -> None:
    short = page_of(closed(tmp_path, 2, 100), closed(tmp_path / "short", under_way, 2 * under_way))
    (sentence,) = [each for each in short.findings if "set load.requests" in each]
    needed = int(re.search(r"load\.requests: (\d+)", sentence)[1])
    followed = page_of(closed(tmp_path, 3, 100), closed(tmp_path / "long", under_way, needed))
    assert not any("set load.requests" in each for each in followed.findings)


def test_a_client_that_keeps_fewer_under_way_is_told(tmp_path: Path) -> None:
    page = page_of(closed(tmp_path, 2, 100), closed(tmp_path, 8, 640, asked=32))
    assert page.findings[-1] == "Separate prompts: 32 under way were asked for, and 7.9 were on the average."
    assert cells(page, "separate, 32 under way")["Steady: requests under way"] in page.findings[-1]


def test_an_ordinary_open_loop_keeps_up(tmp_path: Path) -> None:
    page = page_of(*(opened(tmp_path, rate, 800) for rate in (20, 60)))
    assert page.findings == [
        "Separate prompts: at 60 requests/s the server keeps up: 61.4 come and 61.4 (54.4 to 68.4) are finished in a second; P99 TTFT 25.7 ms.",
        "Separate prompts: no rate here is seen to be more than the server can do.",
    ]
    true_to_the_table(page, 60)


def true_to_the_table(page: Page, rate: int) -> None:
    """What a sentence says of a rate stands in its column."""
    column = cells(page, f"separate, {rate} requests/s")
    sentence = next(each for each in page.findings if f"at {rate} requests/s" in each)
    assert f"{column['Came after the first quarter (req/s)']} come" in sentence
    assert f"{column['Finished meanwhile (req/s)']} are finished" in sentence
    if "P99" in sentence:
        assert f"P99 TTFT {column['Steady: P99 TTFT (ms)']} ms" in sentence


def test_a_queue_that_grows_slowly_is_seen(tmp_path: Path) -> None:
    """139 come and 130 can be done: TTFT grows by less than a tenth of a second in a second."""
    page = page_of(opened(tmp_path, 60, 800, server=in_steps), opened(tmp_path, 139, 1600, server=in_steps))
    assert page.findings == [
        "Separate prompts: at 60 requests/s the server keeps up: 61.4 come and 61.3 (54.4 to 68.2) are finished in a second; P99 TTFT 61.9 ms.",
        "Separate prompts: at 139 requests/s they pile up: 143.5 come and 130.2 (128.3 to 132.0) are finished in a second.",
    ]
    true_to_the_table(page, 139)
    growing = cells(page, "separate, 139 requests/s")
    assert growing["status"] == "piles up"
    assert growing["P99 TTFT (ms)"] == growing["P99 E2EL (ms)"] == WITHHELD
    assert growing["Steady: P99 TTFT (ms)"] == "", "there is no steady state"
    assert any(note.startswith(WITHHELD) for note in page.notes)
    assert WITHHELD not in cells(page, "separate, 60 requests/s").values()


def test_what_is_not_settled_is_said_to_be_so(tmp_path: Path) -> None:
    page = page_of(opened(tmp_path, 20, 400), opened(tmp_path, 125, 400, seed=5))
    assert page.findings == [
        "Separate prompts: at 20 requests/s the server keeps up: 20.5 come and 20.5 (17.4 to 23.5) are finished in a second; P99 TTFT 17.5 ms.",
        "Separate prompts: at 125 requests/s it is not settled whether the server keeps up: 126.9 come and 125.2 (119.2 to 131.2) are finished in a second, and TTFT grows by 0.013 (-0.056 to 0.081) s in each second of sending; send more than 400 requests (load.requests).",
        "Separate prompts: no rate here is seen to be more than the server can do.",
    ]
    true_to_the_table(page, 125)


def test_a_rate_that_did_not_come_is_told_with_what_came(tmp_path: Path) -> None:
    page = page_of(opened(tmp_path, 20, 400), opened(tmp_path, 1000, 800, came=391))
    assert page.findings == [
        "Separate prompts: 1,000 requests/s were asked for, and 390.8 came.",
        "Separate prompts: at 20 requests/s the server keeps up: 20.5 come and 20.5 (17.4 to 23.5) are finished in a second; P99 TTFT 17.5 ms.",
        "Separate prompts: at 390.8 requests/s (1,000 asked for) they pile up: 400.1 come and 130.01 (129.83 to 130.20) are finished in a second.",
    ]
    assert cells(page, "separate, 1,000 requests/s")["Sent (req/s)"] in page.findings[0]


def test_a_few_requests_tell_nothing_of_a_queue(tmp_path: Path) -> None:
    page = page_of(opened(tmp_path, 20, 60), opened(tmp_path, 40, 60))
    assert page.findings == [
        "Separate prompts: nothing can be told of 20, 40 requests/s: set load.requests: 100 or more.",
    ]


def test_seeds_are_passes_of_one_load(tmp_path: Path) -> None:
    folders = [closed(tmp_path, most, 640, seed) for most in (1, 16, 64) for seed in (0, 1, 2)]
    page = page_of(*folders)
    assert page.findings == [
        "Separate prompts: no knee up to 64 under way, with 126.5 (121.8 to 131.3) requests/s and a median E2EL of 572 (538 to 606) ms: a larger load may do more.",
    ]
    assert "Intervals in sentences: 95 %, over 3 passes or more with different seeds." in page.notes
    one = page_of(*folders[::3])
    assert any("For a claim take 3 seeds" in note for note in one.notes)


def test_packed_prompts_have_their_texts(tmp_path: Path) -> None:
    packed = {"layout": "packed", "n": 4, "texts": 100_000}
    page = page_of(*(closed(tmp_path, most, 200, workload=packed) for most in (2, 16)))
    assert page.findings == [
        "4 texts to a prompt: no knee up to 16 under way, with 104 (94 to 115) requests/s (417 (375 to 459) texts/s) and a median E2EL of 153.7 (147.1 to 160.5) ms: a larger load may do more.",
    ]
    assert cells(page, "4 to a prompt, 16 under way")["Steady: texts/s"] in page.findings[0]
