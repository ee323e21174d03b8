"""Serving without a server: configuration, latencies, goodput, trends, pages."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from conftest import ROOT
from test_flops import HERMES

from batchscope.analysis.pages import study_html, study_markdown
from batchscope.analysis.tables import Struck
from batchscope.config import Config, load_config
from batchscope.errors import UserError
from batchscope.runs import canonical_json, expand_serving, expand_studies, run_spec
from batchscope.server.arguments import flags
from batchscope.server.schema import CLIENT
from batchscope.serving.config import ServingStudy, Slo
from batchscope.serving.frame import serving_frame
from batchscope.serving.latencies import first_and_again, latencies, statistics, within_slo
from batchscope.serving.limits import knee, trend
from batchscope.serving.lines import LINES, UNDEFINED
from batchscope.serving.page import serving_page, serving_table
from batchscope.serving.plots import round_steps, serving_figure, shades
from batchscope.serving.records import load_point, load_points
from batchscope.serving.reference import load_published

PUBLISHED = load_published(ROOT / "docs" / "reference" / "h800" / "serving.csv")


def requests(*rows: tuple, sent: float = 0.1) -> pd.DataFrame:
    """Rows of client.parquet from (output tokens, TTFT, ITLs) in seconds; a TTFT of None is a failure."""
    return pd.DataFrame(
        [
            {
                "request": number, "prompt": number, "prompt_tokens": 100, "output_tokens": tokens,
                "sent_s": sent * number, "queued_s": 0.0, "ttft_s": ttft,
                "e2el_s": None if ttft is None else ttft + sum(itls), "itls_s": itls, "text": "",
                "error": "Bad Request" if ttft is None else None,
            }
            for number, (tokens, ttft, itls) in enumerate(rows)
        ],
        columns=CLIENT.names,
    )  # fmt: skip


def configured(**serving) -> Config:
    return load_config({"serving": serving})


def written(folder: Path, rows: pd.DataFrame, load: dict, workload: dict, **values) -> Path:
    """A load point as `scripts.serve` writes it."""
    point = {
        "schema": 1, "study": "mine", "run": folder.name, "status": "ok", "message": "",
        "spec": {
            "workload": workload, "engine": {"model": "demo", "environment": "cpu", "args": {}, "variables": {}},
            "model": {"source": "demo"}, "load": load, "measure": {"warmup_tokens": 0}, "versions": {},
        },
        "prompts": {
            "id": "p", "sha256": "0", "prompts": len(rows), "prompt_tokens": 100 * len(rows), "labels": 1,
            "longest_prompt": {"tokens": 100},
        },
        "repeats": [
            {
                "started_at": 0, "seconds": 10.0, "requests": int(rows["error"].isna().sum()),
                "prompt_tokens": int(rows["prompt_tokens"].sum()),
                "output_tokens": int(rows["output_tokens"].sum()),
            }
        ],
        "client": {"cpu_share": 0.1, "lag_median_s": 0.0001, "lag_p99_s": 0.001, "lag_max_s": 0.01},
        "invalid": [],
    } | values  # fmt: skip
    environment = {
        "measured_at": "2026-01-01T00:00:00+00:00", "device": "cpu", "cpu": {"model": "X", "cores": 2},
        "fingerprint": "f", "versions": {},
    }  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "measurement.json").write_text(json.dumps(point))
    (folder / "environment.json").write_text(json.dumps(environment))
    rows.to_parquet(folder / "client.parquet")
    return folder


def test_further_tokens_are_undefined_where_there_are_none() -> None:
    single = statistics(requests((1, 0.2, []), (1, 0.4, [])))
    assert single["mean_ttft_ms"] == pytest.approx(300)
    assert np.isnan([single["mean_tpot_ms"], single["p99_itl_ms"]]).all()
    mixed = latencies(requests((1, 0.2, []), (3, 0.4, [0.1, 0.3]), (0, None, [])))
    assert mixed["tpot"].tolist() == pytest.approx([200])
    assert mixed["itl"].tolist() == pytest.approx([100, 300])
    assert len(mixed["e2el"]) == 2, "a request that failed has no latency"


def test_goodput_counts_failed_requests_as_sent() -> None:
    sent = requests((1, 0.1, []), (3, 0.4, [0.1, 0.3]), (1, 0.9, []), (0, None, []))
    good = within_slo(sent, Slo(ttft_ms=500))
    assert (good.count, good.total) == (2, 4)
    assert good.low == pytest.approx(0.150, abs=0.001)  # Wilson, for 2 of 4
    assert within_slo(sent, Slo(ttft_ms=500, tpot_ms=150)).count == 1
    assert within_slo(sent, Slo(ttft_ms=None, e2el_ms=850)).count == 2
    assert within_slo(sent, Slo(ttft_ms=None)) is None


@pytest.mark.parametrize(
    ("capacity", "piles_up"), [(200.0, False), (100.0, False), (70.0, True), (20.0, True)]
)
def test_trend_is_that_of_a_queue(capacity: float, piles_up: bool) -> None:
    """A first-come queue with a fixed time of service: its waits grow by rate / capacity - 1, or do not."""
    rng, rate, count = np.random.default_rng(0), 50.0 if not piles_up else 100.0, 400
    sent = np.cumsum(rng.exponential(1 / rate, count))
    free, waits = 0.0, []
    for at in sent:
        free = max(free, at) + 1 / capacity
        waits.append(free - at)
    found = trend(pd.DataFrame({"sent_s": sent, "ttft_s": waits, "error": None}))
    assert found.piles_up == piles_up
    if piles_up:
        came = (count // 2 - 1) / (sent[-1] - sent[count // 2])
        assert found.middle == pytest.approx(came / capacity - 1, rel=0.15)


def test_no_trend_is_told_of_a_few_requests() -> None:
    assert trend(requests(*[(1, 0.1, [])] * 10)) is None


def test_knee() -> None:
    assert knee([10, 40, 91, 100, 99]) == 2
    assert knee([10, 20, 40, 80]) == 3


def test_every_published_line_stands_beside_ours(tmp_path: Path) -> None:
    packed = requests((400, 2.0, [0.01] * 399))
    separate = requests(*[(1, 0.5, [])] * 400)
    points = [
        load_point(written(tmp_path / name, client, {}, {"layout": name, "n": 400}))
        for name, client in (("packed", packed), ("separate", separate))
    ]
    table = serving_table(serving_frame(points, Slo(), PUBLISHED), Slo())
    columns = {column: [row[place] for row in table.rows] for place, column in enumerate(table.columns)}
    theirs = columns["H800 published", "400 to a prompt, all at once"]
    published = ["1", "7.29", "120,006", "400", "0.14", "54.89", "16,524.00", "293.37", "293.37", "293.37"]
    assert theirs[: len(published)] == published
    assert theirs[10:16] == ["17.52", "17.52", "17.52", "17.52", "17.40", "19.57"]
    words = columns["", "line"]
    ours = dict(zip(words, columns["measured", "separate, all at once"], strict=True))
    assert ours["Mean TTFT (ms)"] == "500.00"
    assert ours["Mean TPOT (ms)"] == ours["P99 ITL (ms)"] == UNDEFINED
    single = dict(zip(words, columns["H800 published", "separate, all at once"], strict=True))
    assert single["Median ITL (ms)"] == f"0.00: {UNDEFINED}"
    assert len(words) > len(LINES) == 19


def test_a_late_client_makes_a_load_point_invalid(tmp_path: Path) -> None:
    client = requests(*[(1, 0.05, [])] * 40)
    state = {"cpu_share": 0.95, "lag_median_s": 0.02, "lag_p99_s": 0.001, "lag_max_s": 0.1}
    folder = written(
        tmp_path / "a", client, {"max_concurrency": 4}, {"layout": "separate", "n": 1}, client=state
    )
    frame = serving_frame([load_point(folder)], Slo(), PUBLISHED)
    assert frame["invalid"].tolist() == ["client"]
    assert "20.0 ms late (median)" in frame["reason"][0]
    assert "95 % of a core" in frame["reason"][0]
    page = serving_page("mine", ServingStudy(), frame, Slo())
    assert any(line.startswith("Not counted: separate, 4 under way. client: ") for line in page.notes)
    assert isinstance(page.table.rows[0][1], Struck)
    assert "<del>" in study_html(page)


def test_a_first_token_from_a_cache_is_found_out(tmp_path: Path) -> None:
    """The published packed run, as it would come out here: no GPU can have computed that prompt."""
    client = requests((400, 0.29337, [0.01752] * 399)).assign(prompt_tokens=120_006)
    engine = {"resolved": {"dtype": "bfloat16", "quantization": None}}
    shape = {"architecture": HERMES, "engine": engine}
    folder = written(tmp_path / "a", client, {}, {"layout": "packed", "n": 400}, **shape)
    environment = json.loads((folder / "environment.json").read_text())
    gpu = {"device": "cuda", "gpu": {"name": "NVIDIA H800"}}
    (folder / "environment.json").write_text(json.dumps(environment | gpu))
    frame = serving_frame([load_point(folder)], Slo(), PUBLISHED)
    assert frame["invalid"].tolist() == ["flops"]


def test_a_load_point_that_was_not_measured_has_a_page(tmp_path: Path) -> None:
    failed = {"status": "died", "message": "the server died", "repeats": [], "client": {}}
    folder = written(
        tmp_path / "a", requests(), {"request_rate": 5}, {"layout": "separate", "n": 1}, **failed
    )
    page = serving_page("mine", ServingStudy(), serving_frame([load_point(folder)], Slo(), PUBLISHED), Slo())
    assert "engine died" in study_markdown(page) or "died" in study_markdown(page)
    assert any("the server died" in line for line in page.notes)


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
        "n = 4, each sent twice, prefix cache on, all at once: separate prompts label 0.40 reviews/s, "
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


def test_a_packed_knee_has_its_reviews(tmp_path: Path) -> None:
    folders = [
        written(
            tmp_path / f"c{most}", requests(*[(4, 0.1, [0.1] * 3)] * 5 * most), {"max_concurrency": most},
            {"layout": "packed", "n": 4},
        )
        for most in (1, 2)
    ]  # fmt: skip
    assert "at 2 under way, with 1.00 requests/s (4.00 reviews/s) and a" in findings(framed(*folders))[0]


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
        "400 reviews to a prompt, sent a second time with the prefix cache on: TTFT 544.6 ms instead of "
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


def test_the_figure_shows_reviews_over_a_closed_loop(tmp_path: Path) -> None:
    clients = {most: requests(*[(4, 0.1, [0.1] * 3)] * most) for most in (1, 4, 16)}
    folders = [
        written(tmp_path / f"c{most}", client, {"max_concurrency": most}, {"layout": "packed", "n": 4})
        for most, client in clients.items()
    ]
    frame = framed(*folders)
    ttft = dict(zip(frame["run"], (latencies(client)["ttft"] for client in clients.values()), strict=True))
    throughput, _, distribution = serving_figure("mine", ServingStudy(), frame, ttft, []).axes
    assert throughput.get_title(loc="left") == "Labelled (reviews/s)"
    assert throughput.lines[0].get_ydata().tolist() == pytest.approx([0.4, 1.6, 6.4])
    assert throughput.texts[0].xy == pytest.approx((16, 6.4))
    assert throughput.get_ylim()[1] > 1.1 * 6.4, "room for the word above the marker"
    assert distribution.get_legend_handles_labels()[1] == frame["label"].tolist()


def test_colours_and_ticks_of_a_distribution() -> None:
    assert len(set(shades(["packed"] * 3 + ["separate"] * 6))) == 9
    assert shades(["packed", "separate"]) == ["#0072b2", "#d55e00"]
    assert round_steps(15, 4000) == (1, 3)
    assert round_steps(400, 10_000) == (1, 2, 5)


def test_serving_runs_have_names_and_specs_of_their_own() -> None:
    config = load_config(yaml.safe_load((ROOT / "config.yaml").read_text()))
    runs = {run.id: run for run in expand_serving(config)}
    assert {
        "layouts/packed-n40",
        "closed_loop/separate-n4-c8",
        "open_loop/separate-n1-rate1000",
    } <= runs.keys()
    spec = run_spec(runs["closed_loop/separate-n4-c8"], config, {})
    assert spec["load"]["max_concurrency"] == 8
    assert set(spec["measure"]) == {"warmup_tokens"}
    for run in expand_studies(config):
        assert "load" not in run_spec(run, config, {}), "offline measurements stay what they were"


@pytest.mark.parametrize("change", [{"slo": {"ttft_ms": 1}}, {"port": 8000}, {"load": {"timeout_s": 5}}])
def test_what_measures_nothing_makes_nothing_stale(change: dict) -> None:
    plain, changed = (configured(**values) for values in ({}, change))
    specs = [
        [canonical_json(run_spec(run, config, {})) for run in expand_serving(config)]
        for config in (plain, changed)
    ]
    assert specs[0] == specs[1]


@pytest.mark.parametrize(
    ("serving", "words"),
    [
        ({"studies": {"a": {"grid": {"load.rate": [1]}}}}, "did you mean 'load.request_rate'?"),
        ({"studies": {"a": {"grid": {"measure.repeats": [1]}}}}, "unknown key 'measure.repeats'"),
        ({"studies": {"a": {"grid": {"load.request_rate": [0]}}}}, "load.request_rate: 0"),
        ({"port": 70000}, "serving.port"),
    ],
)
def test_mistakes_are_named(serving: dict, words: str) -> None:
    with pytest.raises(UserError) as found:
        expand_serving(configured(**serving))
    assert words in str(found.value)


def test_a_study_cannot_take_the_name_of_a_serving_table() -> None:
    with pytest.raises(UserError, match="how tables of serving"):
        load_config({"studies": {"serving_x": {"grid": {"n": [4]}}}})


def test_engine_arguments_as_flags() -> None:
    args = {"enable_prefix_caching": False, "block_size": 32, "hf_overrides": {"a": 1}, "enforce_eager": True}
    assert flags(args) == [
        "--no-enable-prefix-caching", "--block-size", "32", "--hf-overrides", '{"a": 1}', "--enforce-eager",
    ]  # fmt: skip
