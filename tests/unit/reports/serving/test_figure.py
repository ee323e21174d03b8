"""Pages and figures of the server: load points in order and told apart, sentences, second submissions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from support.figures import faults
from support.queues import client, closed_loop, even, poisson
from support.serving_helpers import PUBLISHED, PUBLISHED_MODEL, lasted, requests, written

from batchscope.config.serving import ServingStudy, Slo
from batchscope.reports.serving import figure as figure_module
from batchscope.reports.serving.figure import apart, bar_name, serving_figure, styles
from batchscope.reports.serving.frame import serving_frame
from batchscope.reports.serving.page import serving_page
from batchscope.results.loads.latencies import first_and_again
from batchscope.results.loads.points import load_points
from batchscope.statistics.intervals import Interval

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
    found = [line.partition(": no knee")[0] for line in findings(framed(*folders)) if "no knee" in line]
    assert found == ["Separate prompts", "Separate prompts, each sent twice, prefix cache on"]


def test_first_submissions_and_later_ones() -> None:
    sent = requests((1, 0.4, []), (1, 0.6, []), (0, None, []), (1, 0.1, []), (1, 0.3, []), (1, 0.2, []))
    assert first_and_again(sent, 3) == pytest.approx((500, 200))
    assert np.isnan(first_and_again(sent, 6)).all()


def test_a_prompt_sent_again_explains_the_published_ttft(tmp_path: Path) -> None:
    packed, tokens = {"layout": "packed", "n": 400}, (400, [0.01] * 399)
    once = requests((tokens[0], 9.4938, tokens[1]))
    twice = requests((tokens[0], 9.4326, tokens[1]), (tokens[0], 0.5446, tokens[1]))
    folders = [
        written(tmp_path / "once", once, {}, packed, model=PUBLISHED_MODEL, tokens=120_006),
        written(tmp_path / "twice", twice, ONE, packed | CACHED, model=PUBLISHED_MODEL, tokens=120_006),
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


PACKED = {"layout": "packed", "n": 4, "texts": 100_000}


def drawn(clients: dict[int, pd.DataFrame], folder: Path, key: str) -> tuple[pd.DataFrame, list[Axes]]:
    """Frame and panels of packed loads, by what was asked for."""
    frame = framed(
        *(lasted(folder / f"p{load}", client, {key: load}, PACKED) for load, client in clients.items())
    )
    figure = serving_figure("mine", ServingStudy(question="How much?"), frame, ["Measured on: a machine."])
    assert faults(figure) == []
    return frame, figure.axes


def test_the_figure_shows_texts_over_a_closed_loop(tmp_path: Path) -> None:
    clients = {most: client(*closed_loop(np.random.default_rng(0), most, 1280)) for most in (1, 32, 128)}
    frame, (throughput, latency) = drawn(clients, tmp_path, "max_concurrency")
    assert throughput.get_title(loc="left") == "Labelled (texts/s)"
    line = throughput.lines[0]
    assert line.get_xdata().tolist() == [1, 32, 128]
    assert line.get_ydata().tolist() == pytest.approx(frame["steady_texts_per_s"].tolist())
    (ring,) = [line for line in throughput.lines if line.get_markersize() == 17]
    assert (*ring.get_xdata(), *ring.get_ydata()) == pytest.approx((32, frame["steady_texts_per_s"][1]))
    assert not throughput.texts, "the knee is a ring, and its word stands in the legend"
    assert "knee" in legend_of(throughput)
    assert throughput.get_ylim()[0] == 0
    (median,) = latency.lines
    assert median.get_ydata().tolist() == pytest.approx(frame["steady_median_e2el_ms"].tolist())
    (band,) = latency.collections
    assert band.get_paths()[0].vertices[:, 1].max() == pytest.approx(frame["steady_p99_e2el_ms"].max())


def test_a_load_is_drawn_at_what_it_reached(tmp_path: Path) -> None:
    """1,024 were to be under way, and there were 400 requests."""
    clients = {most: client(*closed_loop(np.random.default_rng(0), most, 400)) for most in (4, 16)}
    clients[1024] = client(*closed_loop(np.random.default_rng(0), 400, 400))
    frame, (throughput, _) = drawn(clients, tmp_path, "max_concurrency")
    line, dot = (throughput.lines[0], throughput.lines[-1])
    assert line.get_xdata().tolist() == [4, 16, 400]
    assert line.get_ydata()[-1] == pytest.approx(frame["texts_per_s"].iloc[-1])
    assert [tick.get_text() for tick in throughput.get_xticklabels()] == ["4", "16", "400"]
    assert dot.get_xdata().tolist() == [400], "no steady window"
    assert any(label.startswith("no steady window") for label in legend_of(throughput))


def test_a_rate_that_did_not_come_is_drawn_at_what_came(tmp_path: Path) -> None:
    clients = {}
    for asked, came in ((20, 20), (1000, 400)):
        rng = np.random.default_rng(0)
        sent = poisson(rng, came, 400)
        clients[asked] = client(sent * 400 / came / sent[-1], even(rng, sent) * 400 / came / sent[-1])
    frame, (throughput, latency) = drawn(clients, tmp_path, "request_rate")
    assert throughput.lines[0].get_xdata().tolist() == [20, pytest.approx(400, rel=0.01)]
    assert throughput.lines[0].get_ydata().tolist() == pytest.approx(frame["finished"].tolist())
    (band,) = latency.collections
    assert band.get_paths()[0].vertices[:, 0].max() < 400, "a tail that grows with the load is not drawn"
    assert throughput.get_yscale() == throughput.get_xscale() == "log", "what comes is a straight line"
    comes = throughput.lines[-1]
    assert list(comes.get_xdata()) == list(comes.get_ydata())
    assert max(comes.get_ydata()) <= throughput.get_ylim()[1], "and ends where the axis does"
    assert all(y <= 1.1 * x for x, y in zip(*throughput.lines[0].get_data(), strict=True))


@pytest.mark.parametrize(("key", "loads"), [("max_concurrency", (1, 32)), ("request_rate", (20, 40))])
def test_intervals_are_whole_unless_they_would_hide_the_loads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str, loads: tuple[int, int]
) -> None:
    """From 0.4 to 2.5 times what was finished."""
    monkeypatch.setattr(
        figure_module, "_interval", lambda level: Interval(0.4 * done(level), done(level), 2.5 * done(level))
    )
    done = figure_module._done
    clients = {load: client(*closed_loop(np.random.default_rng(0), load, 320)) for load in loads}
    _, (throughput, _) = drawn(clients, tmp_path, key)
    low, high = throughput.get_ylim()
    ends = [end for bar in throughput.collections for part in bar.get_segments() for end in part[:, 1]]
    assert len(ends) == 4
    assert low <= min(ends) < max(ends) <= high
    monkeypatch.setattr(
        figure_module, "_interval", lambda level: Interval(1e-3 * done(level), done(level), 90 * done(level))
    )
    _, (throughput, _) = drawn(clients, tmp_path / "wide", key)
    shown = throughput.lines[0].get_ydata()
    assert throughput.get_ylim()[1] < 4 * max(shown)
    assert throughput.get_ylim()[0] == 0 or throughput.get_ylim()[0] > min(shown) / 5


def legend_of(ax: Axes) -> list[str]:
    return [text.get_text() for text in ax.get_figure().legends[0].get_texts()]


def test_bars_where_loads_are_all_alike(tmp_path: Path) -> None:
    """One request has no distribution to draw: there are two panels, and their names fit."""
    work = {"layout": "packed", "n": 400}
    once = requests((400, 9.4938, [0.01] * 399))
    twice = requests((400, 9.4326, [0.01] * 399), (400, 0.5446, [0.01] * 399))
    frame = framed(
        written(tmp_path / "once", once, {}, work), written(tmp_path / "twice", twice, ONE, work | CACHED)
    )
    figure = serving_figure("mine", ServingStudy(question="Pack?"), frame, ["Measured on: a machine."])
    assert [ax.get_title(loc="left") for ax in figure.axes] == [
        "Labelled (texts/s)", "Time to the answer, median (ms)"
    ]  # fmt: skip
    assert bar_name(frame.iloc[0]) == "400 per prompt, all at once"
    assert bar_name(frame.iloc[1]) == "400 per prompt, each sent twice,\nprefix cache on, 1 under way"
    assert faults(figure) == []


def test_styles_and_ticks() -> None:
    drawn = styles(["packed", "separate", "packed", "packed"])
    assert [style.color for style in drawn[:2]] == ["#0072B2", "#D55E00"]
    assert len({(style.color, style.marker) for style in drawn}) == 4
    assert apart([1, 4, 16, 64, 256, 400]) == [1, 4, 16, 64, 400]
    assert apart([20]) == [20]
    assert apart([]) == []
