"""Serving without a server: configuration, latencies, goodput, trends, what counts."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml
from support.project import ROOT
from support.serving_helpers import PUBLISHED, PUBLISHED_MODEL, configured, requests, written
from support.shapes import HERMES

from batchscope.common.canonical_json import canonical_json
from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.serving import ServingStudy, Slo
from batchscope.reporting.page import Struck
from batchscope.reporting.render import page_html, page_markdown
from batchscope.reports.registry import check_study_names
from batchscope.reports.serving.frame import serving_frame
from batchscope.reports.serving.page import serving_page, serving_table
from batchscope.reports.serving.vllm_result_lines import UNDEFINED, VLLM_LINES
from batchscope.results.loads.latencies import latencies, statistics, within_slo
from batchscope.results.loads.points import load_point
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.run_spec import run_spec
from batchscope.worker.server.command_line_flags import flags


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


def test_every_published_line_stands_beside_ours(tmp_path: Path) -> None:
    packed = requests((400, 2.0, [0.01] * 399))
    separate = requests(*[(1, 0.5, [])] * 400)
    points = [
        load_point(
            written(
                tmp_path / name,
                client,
                {},
                {"layout": name, "n": 400},
                model=PUBLISHED_MODEL,
                tokens=tokens,
            )
        )
        for name, client, tokens in (("packed", packed, 120_006), ("separate", separate, 323))
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
    assert len(words) > len(VLLM_LINES) == 19


@pytest.mark.parametrize(
    ("model", "tokens"), [({"source": "demo"}, 323), (PUBLISHED_MODEL, 100), (PUBLISHED_MODEL, 400)]
)
def test_published_figures_stand_beside_the_published_model_and_texts_alone(
    tmp_path: Path, model: dict, tokens: int
) -> None:
    """Another model, and texts that are shorter or longer, say nothing of that study."""
    client = requests(*[(1, 0.5, [])] * 400)
    work = {"layout": "separate", "n": 400}
    point = load_point(written(tmp_path / "p", client, {}, work, model=model, tokens=tokens))
    table = serving_table(serving_frame([point], Slo(), PUBLISHED), Slo())
    assert [heading for heading, _ in table.columns] == ["", "measured"]


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
    assert "<del>" in page_html(page)


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
    assert "engine died" in page_markdown(page) or "died" in page_markdown(page)
    assert any("the server died" in line for line in page.notes)


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
        check_study_names(load_config({"studies": {"serving_x": {"grid": {"n": [4]}}}}).studies)


def test_engine_arguments_as_flags() -> None:
    args = {"enable_prefix_caching": False, "block_size": 32, "hf_overrides": {"a": 1}, "enforce_eager": True}
    assert flags(args) == [
        "--no-enable-prefix-caching", "--block-size", "32", "--hf-overrides", '{"a": 1}', "--enforce-eager",
    ]  # fmt: skip
