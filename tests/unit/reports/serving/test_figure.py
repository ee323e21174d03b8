"""Pages and figures of the server: load points in order and told apart, sentences, second submissions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.serving_helpers import PUBLISHED, requests, written

from batchscope.config.serving import ServingStudy, Slo
from batchscope.reports.serving.figure import round_steps, serving_figure, shades
from batchscope.reports.serving.frame import serving_frame
from batchscope.reports.serving.page import serving_page
from batchscope.results.latencies import first_and_again, latencies
from batchscope.results.load_points import load_point, load_points


def test_sentences_of_a_sweep(tmp_path: Path) -> None:
    work = {"layout": "separate", "n": 1}
    points = []
    for most, count in ((1, 10), (8, 50), (64, 52)):
        client = requests(*[(1, 0.01 * most, [])] * count)
        points.append(load_point(written(tmp_path / f"c{most}", client, {"max_concurrency": most}, work)))
    page = serving_page("mine", ServingStudy(), serving_frame(points, Slo(), PUBLISHED), Slo())
    assert page.findings == [
        "Separate prompts: the knee is at 8 under way, with 5.00 requests/s and a median E2EL of 80.0 ms. "
        "64 under way bring 1.04x of that, and take 8.0x as long."
    ]


SEPARATE = {"layout": "separate", "n": 1}
CACHED = {"duplicates": 2, "reuse": "full"}
ONE = {"max_concurrency": 1}


def framed(*folders: Path) -> pd.DataFrame:
    return serving_frame(load_points(folders), Slo(), PUBLISHED)


def findings(frame: pd.DataFrame) -> list[str]:
    return serving_page("mine", ServingStudy(), frame, Slo()).findings


def test_load_points_stand_by_their_load_however_they_are_named(tmp_path: Path) -> None:
    client, packed = requests((1, 0.1, [])), {"layout": "packed", "n": 40}
    loads = {"c1": ONE, "c1024": {"max_concurrency": 1024}, "c4": {"max_concurrency": 4}, "once": {}}
    rates = {f"rate{rate}": {"request_rate": rate} for rate in (100, 20, 60)}
    folders = [
        written(tmp_path / name, client, load, SEPARATE) for name, load in sorted((loads | rates).items())
    ]
    folders += [
        written(tmp_path / "x2", client, ONE, packed | CACHED),
        written(tmp_path / "packed", client, {}, packed),
        written(tmp_path / "n4", client, {}, packed | {"n": 4}),
    ]
    assert framed(*folders)["label"].tolist() == [
        "separate, 1 under way",
        "separate, 4 under way",
        "separate, 1,024 under way",
        "separate, 20 requests/s",
        "separate, 60 requests/s",
        "separate, 100 requests/s",
        "separate, all at once",
        "4 to a prompt, all at once",
        "40 to a prompt, all at once",
        "40 to a prompt, each sent twice, prefix cache on, 1 under way",
    ]


def test_no_two_load_points_have_the_same_label(tmp_path: Path) -> None:
    client = requests((1, 0.1, []))
    varied = [
        (SEPARATE | {"duplicates": 3}, {}),
        (SEPARATE | CACHED, {}),
        (SEPARATE | CACHED | {"reuse": "text"}, {}),
        (SEPARATE, {}),
        (SEPARATE | {"instruction": "first"}, {}),
        (SEPARATE, {"prompts": "ids"}),
        (SEPARATE, {"prompts": "ids"}),
    ]
    folders = [
        written(tmp_path / f"p{place}", client, load, work) for place, (work, load) in enumerate(varied)
    ]
    assert framed(*folders)["label"].tolist() == [
        "separate, all at once, instruction=last, prompts=text",
        "separate, all at once, instruction=first, prompts=text",
        "separate, all at once, instruction=last, prompts=ids (p5)",
        "separate, all at once, instruction=last, prompts=ids (p6)",
        "separate, each sent twice, prefix cache on (text), all at once",
        "separate, each sent twice, prefix cache on, all at once",
        "separate, each sent 3 times, all at once",
    ]


def test_only_like_is_compared_with_like(tmp_path: Path) -> None:
    client, n4 = requests(*[(1, 0.1, [])] * 4), {"n": 4}
    points = [("a", "packed", {}), ("b", "separate", CACHED), ("c", "separate", {"instruction": "first"})]
    folders = [
        written(tmp_path / name, client, {}, {"layout": layout} | n4 | more) for name, layout, more in points
    ]
    assert findings(framed(*folders)) == ["No answer: no two load points can be compared."]
    folders.append(written(tmp_path / "d", client, {}, {"layout": "packed"} | n4 | CACHED))
    assert findings(framed(*folders))[0] == (
        "n = 4, each sent twice, prefix cache on, all at once: separate prompts label 0.40 texts/s, "
        "packed ones 0.40: 1.0x."
    )


def test_sweeps_hold_one_way_of_sending(tmp_path: Path) -> None:
    folders = [
        written(
            tmp_path / f"{name}{most}", requests((1, 0.1, [])), {"max_concurrency": most}, SEPARATE | more
        )
        for name, more in (("once", {}), ("twice", CACHED))
        for most in (1, 8)
    ]
    found = [line.partition(": the knee")[0] for line in findings(framed(*folders))[:2]]
    assert found == ["Separate prompts", "Separate prompts, each sent twice, prefix cache on"]


def test_a_packed_knee_has_its_texts(tmp_path: Path) -> None:
    folders = [
        written(
            tmp_path / f"c{most}", requests(*[(4, 0.1, [0.1] * 3)] * 5 * most), {"max_concurrency": most},
            {"layout": "packed", "n": 4},
        )
        for most in (1, 2)
    ]  # fmt: skip
    assert "at 2 under way, with 1.00 requests/s (4.00 texts/s) and a" in findings(framed(*folders))[0]


def test_first_submissions_and_later_ones() -> None:
    sent = requests((1, 0.4, []), (1, 0.6, []), (0, None, []), (1, 0.1, []), (1, 0.3, []), (1, 0.2, []))
    assert first_and_again(sent, 3) == pytest.approx((500, 200))
    assert np.isnan(first_and_again(sent, 6)).all()


def test_a_prompt_sent_again_explains_the_published_ttft(tmp_path: Path) -> None:
    packed, tokens = {"layout": "packed", "n": 400}, (400, [0.01] * 399)
    once = requests((tokens[0], 9.4938, tokens[1]))
    twice = requests((tokens[0], 9.4326, tokens[1]), (tokens[0], 0.5446, tokens[1]))
    folders = [
        written(tmp_path / "once", once, {}, packed),
        written(tmp_path / "twice", twice, ONE, packed | CACHED),
    ]
    frame = framed(*folders)
    assert findings(frame) == [
        "400 texts to a prompt, sent a second time with the prefix cache on: TTFT 544.6 ms instead of "
        "9,432.6 ms (9,493.8 ms without the cache). The published 293.4 ms are a second one's: "
        "no GPU computes that prompt so soon."
    ]
    slow = frame.assign(again_median_ttft_ms=frame["first_median_ttft_ms"], first_median_ttft_ms=300.0)
    assert "published" not in findings(slow)[0], "where the first is nearer, nothing is explained"
    assert findings(framed(folders[1])) == ["No answer: no two load points can be compared."]


def test_many_prompts_sent_again_have_medians(tmp_path: Path) -> None:
    once = requests((1, 0.1, []), (1, 0.3, []))
    twice = requests((1, 0.2, []), (1, 0.4, []), (1, 0.5, []), (1, 0.7, []))
    work = {"layout": "separate", "n": 2}
    frame = framed(
        written(tmp_path / "once", once, {}, work), written(tmp_path / "twice", twice, {}, work | CACHED)
    )
    assert findings(frame) == [
        "Separate prompts, sent a second time with the prefix cache on, all at once: median TTFT 300.0 ms at "
        "the first submission, 600.0 ms later, where they also wait for the first ones (200.0 ms sent once, "
        "without the cache)."
    ]


def test_the_figure_shows_texts_over_a_closed_loop(tmp_path: Path) -> None:
    clients = {most: requests(*[(4, 0.1, [0.1] * 3)] * most) for most in (1, 4, 16)}
    folders = [
        written(tmp_path / f"c{most}", client, {"max_concurrency": most}, {"layout": "packed", "n": 4})
        for most, client in clients.items()
    ]
    frame = framed(*folders)
    ttft = dict(zip(frame["run"], (latencies(client)["ttft"] for client in clients.values()), strict=True))
    throughput, _, distribution = serving_figure("mine", ServingStudy(), frame, ttft, []).axes
    assert throughput.get_title(loc="left") == "Labelled (texts/s)"
    assert throughput.lines[0].get_ydata().tolist() == pytest.approx([0.4, 1.6, 6.4])
    assert throughput.texts[0].xy == pytest.approx((16, 6.4))
    assert throughput.get_ylim()[1] > 1.1 * 6.4, "room for the word above the marker"
    assert distribution.get_legend_handles_labels()[1] == frame["label"].tolist()


def test_colours_and_ticks_of_a_distribution() -> None:
    assert len(set(shades(["packed"] * 3 + ["separate"] * 6))) == 9
    assert shades(["packed", "separate"]) == ["#0072b2", "#d55e00"]
    assert round_steps(15, 4000) == (1, 3)
    assert round_steps(400, 10_000) == (1, 2, 5)
