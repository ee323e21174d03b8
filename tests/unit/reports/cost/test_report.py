"""The cost page, its CSV and its figure, from run folders with numbers chosen by hand."""

import json
import math

import pandas as pd
import pytest
from support.analysis_helpers import DEMO_STUDIES, H200, demo_folders, make_run, write_config, write_run
from support.cost_runs import LIMITS, ON_CPU, ON_H200, report, saturation, three_on_an_h200
from support.figures import texts
from support.project import ROOT
from support.shapes import BF16, HERMES, requests

from batchscope.config.studies import Study
from batchscope.cost.flops import Lengths, run_flops
from batchscope.cost.gpu_peaks import DEVICES, SIXTEEN_BITS, share_of
from batchscope.reporting.numbers import three_digits
from batchscope.reporting.render import page_html, page_markdown
from batchscope.reporting.style import save
from batchscope.reports.cost.figure import Sheet, cost_figure
from batchscope.reports.cost.frame import KINDS, RATE, SHARE, estimate
from batchscope.reports.study.page import study_page
from batchscope.results.frames import runs_frame
from batchscope.results.metrics.utilisation import mfu
from batchscope.results.records import load_runs
from scripts import make_report
from scripts.make_tables import PUBLISHED, write_tables
from tests.audit.reference import audit


def test_a_row_by_hand(tmp_path):
    """One prompt of 1,180 tokens, 4 outputs: one step of prefill, which computing limits, and three of decode."""
    run = make_run(
        tmp_path,
        n=4,
        seconds=(0.05, 0.06, 0.04),
        prompt_tokens=1180,
        answers=requests([(1180, 0, 4)]),
        **ON_H200,
    )
    frame, found, _, _ = report([run])
    (row,) = frame.to_dict("records")
    device, share = DEVICES["NVIDIA H200"], share_of("NVIDIA H200", SIXTEEN_BITS).value
    linear, key, head = 13_958_643_712, 4 * 32 * 32 * 128, 2 * 4096 * 128_256
    assert row["flop_prefill_linear"] == 1180 * linear
    assert row["flop_prefill_attention"] == 1180 * 1181 / 2 * key
    assert (row["flop_prefill_head"], row["flop_decode_head"]) == (head, 3 * head)
    assert row["flop_decode_attention"] == (1181 + 1182 + 1183) * key
    assert row["flop"] == run_flops(estimate(run).engine.model, [Lengths(1180, 0, 4)])
    assert row["bytes_kv_written"] == 1183 * 131_072
    assert row["bytes_kv_read"] == (1180 + 1181 + 1182 + 1183) * 131_072
    prefill = (1180 * linear + 1180 * 1181 / 2 * key + head) / device.bits16 / share
    assert row["predicted_prefill_s"] == pytest.approx(prefill)
    assert row["predicted_decode_s"] == pytest.approx(
        (0.75 * row["bytes_weights"] + (1181 + 1182 + 1183 + 3) * 131_072) / device.bandwidth / share
    )
    assert row["predicted_s"] == pytest.approx(prefill + row["predicted_decode_s"])
    measured = (0.05 * 0.06 * 0.04) ** (1 / 3)
    assert row["measured_over_predicted"] == pytest.approx(measured / row["predicted_s"])
    assert (row["steps"], row["limit"], row["lengths"]) == (4, "compute", "requests")
    assert row["compute_share"] == pytest.approx(prefill / row["predicted_s"])
    middle = run.measurement.repeats[0].model_copy(update={"seconds": measured})
    assert row["mfu"] == pytest.approx(mfu(run, middle))
    assert row["bandwidth_use"] == pytest.approx(row["bytes"] / measured / 4.8e12)
    assert (row["kv_tokens_predicted"], row["kv_tokens_reported"], row["kv_basis"]) == (
        914_784,
        914_784,
        "estimated",
    )
    assert (row["constant"], row["constant_unit"]) == (share, SHARE)
    assert not found["NVIDIA H200", True, SIXTEEN_BITS].own


def test_cached_tokens_as_measured_are_not_computed(tmp_path):
    cold = make_run(tmp_path / "cold", prompt_tokens=1180, answers=requests([(1180, 0, 1)]), **ON_H200)
    warm = make_run(tmp_path / "warm", prompt_tokens=1180, answers=requests([(1180, 1168, 1)]), **ON_H200)
    first, second = (report([run])[0].iloc[0] for run in (cold, warm))
    assert second["flop_prefill_linear"] * 1180 == first["flop_prefill_linear"] * 12
    assert second["predicted_s"] < first["predicted_s"]


FP8 = {**ON_H200, "resolved": ON_H200["resolved"] | {"quantization": "fp8"}}
FP8_CACHE = {**ON_H200, "resolved": ON_H200["resolved"] | {"kv_cache_dtype": "fp8_e4m3"}}


def test_each_arithmetic_has_the_constant_that_its_own_runs_reach(tmp_path):
    """On a known device too: in 16 bits the one measured before, in plain fp8 the median of these runs."""
    runs = [
        *three_on_an_h200(tmp_path),
        saturation(tmp_path, 1, "separate", 1.8, suffix="-fp8", **FP8),
        saturation(tmp_path, 4, "packed", 1.7, suffix="-fp8", **FP8),
        saturation(tmp_path, 40, "packed", 3.5, suffix="-fp8", **FP8),
        saturation(tmp_path, 1, "separate", 2.7, suffix="-kv", **FP8_CACHE),
    ]
    frame, found, _, page = report(runs)
    reached = sorted(
        each.prediction.ideal / each.measured_s for each in map(estimate, runs[3:6]) if each.prediction
    )
    fp8, cache = (found["NVIDIA H200", True, name] for name in ("fp8", "16 bits, KV cache fp8_e4m3"))
    assert (fp8.value, fp8.unit, fp8.own) == (pytest.approx(reached[1]), SHARE, True)
    assert not found["NVIDIA H200", True, SIXTEEN_BITS].own
    assert sorted(frame["measured_over_predicted"][3:6])[1] == pytest.approx(1)
    assert frame["measured_over_predicted"][6] == pytest.approx(1), "one run, and its own constant"
    assert frame["constant"][3] != frame["constant"][0] != cache.value
    said = [line for line in page.context if "of its peaks" in line]
    assert [line.partition(" reaches")[0] for line in said] == [
        "NVIDIA H200, 16 bits",
        "NVIDIA H200, fp8",
        "NVIDIA H200, 16 bits, KV cache fp8_e4m3",
    ]
    assert "the median of 3 valid runs of this sweep" in said[1]


def test_fp8_products_have_their_own_peak_and_a_byte_a_weight_and_attention_has_neither(tmp_path):
    plain, fp8, cache = (
        estimate(saturation(tmp_path / name, 4, "packed", 1.0, **values)).engine
        for name, values in (("a", ON_H200), ("b", FP8), ("c", FP8_CACHE))
    )
    assert fp8.peaks.linear == 2 * plain.peaks.linear == 2 * cache.peaks.linear
    assert fp8.peaks.other == plain.peaks.other == cache.peaks.other
    assert (plain.precision.layers, fp8.precision.layers, cache.precision.layers) == (2, 1, 2)
    assert (plain.precision.kv_cache, fp8.precision.kv_cache, cache.precision.kv_cache) == (2, 2, 1)


def test_an_unknown_device_is_calibrated_on_the_sweeps_own_valid_runs(tmp_path):
    values = {"prompt_tokens": 4000, "answers": requests([(1000, 0, 1)] * 4), "layout": "separate", **ON_CPU}
    runs = [
        make_run(tmp_path, n=4, seconds=(1.0,) * 3, suffix="-a", **values),
        make_run(tmp_path, n=4, seconds=(2.0,) * 3, suffix="-b", **values),
        make_run(tmp_path, n=4, seconds=(4.0,) * 3, suffix="-c", **values),
        make_run(tmp_path, n=4, seconds=(0.001,) * 3, suffix="-d", invalid=[{"code": "requests"}], **values),
    ]
    frame, found, _, page = report(runs)
    assert frame["measured_over_predicted"].tolist() == pytest.approx([0.5, 1, 2, 0.0005])
    (constant,) = found.values()
    assert (constant.unit, constant.own) == (RATE, True)
    assert constant.value == pytest.approx(frame["flop"][0] / 2.0)
    assert frame["limit"].isna().all()
    assert frame["mfu"].isna().all()
    assert (frame["kv_tokens_predicted"] == 524_288).all()
    assert page.findings[0].startswith("Which resource limits the runs is not known")
    assert "The constant came from these very runs." in page.findings[-1]
    assert "the median of 3 valid runs of this sweep" in page.context[-1]
    text = page_markdown(page)
    assert "~~0.001~~" in text
    assert "Not counted, and no part of a constant: packing/separate-n4-d, invalid: requests." in text


def test_a_known_device_that_we_have_not_measured_is_calibrated_too(tmp_path):
    gpu = H200 | {"name": "NVIDIA L40S"}
    _, found, _, page = report([saturation(tmp_path, 1, "separate", 8.0, gpu=gpu)])
    (constant,) = found.values()
    assert (constant.unit, constant.own) == (SHARE, True)
    assert 0.3 < constant.value < 1
    assert "(the one valid run of this sweep)" in page.context[-1]


def test_nothing_is_predicted_where_something_is_not_known(tmp_path):
    runs = [
        make_run(
            tmp_path,
            n=2,
            more={"architecture": {}},
            **{key: value for key, value in ON_H200.items() if key != "more"},
        ),
        make_run(tmp_path, n=4, **(ON_H200 | {"resolved": LIMITS})),
        make_run(tmp_path, n=8, **(ON_H200 | {"args": {"data_parallel_size": 2}})),
        make_run(
            tmp_path,
            n=16,
            **(ON_H200 | {"resolved": BF16 | LIMITS | {"kv_cache_tokens": 64}}),
            prompt_tokens=640,
        ),
        make_run(tmp_path, n=40, seconds=(), status="oom", message="full", **ON_H200),
    ]
    frame, _, curves, page = report(runs)
    assert frame["predicted_s"].isna().tolist() == [True, True, True, True, False]
    assert frame["flop"].isna().tolist() == [True, False, False, False, False]
    assert frame["measured_s"].isna().tolist() == [False] * 4 + [True]
    assert frame.dtypes.astype(str)[list(KINDS)].to_dict() == {
        name: {"str": "str"}.get(kind, kind) for name, kind in KINDS.items()
    }
    assert "out of memory" in page_markdown(page)
    assert any(
        line.startswith("Not predicted, for model") and line.count("packing/") == 4 for line in page.notes
    )
    drawn = cost_figure(Sheet(frame, curves), page.context)
    save(drawn, tmp_path / "a.png", tmp_path / "a.svg")
    assert "No run has both." in texts(tmp_path / "a.svg")


def test_runs_without_a_table_of_requests_are_predicted_from_mean_lengths(tmp_path):
    folder = write_run(
        tmp_path, layout="separate", n=400, seconds=(2.9,) * 3, prompt_tokens=129_180, **ON_H200
    )
    (folder / "requests.parquet").unlink()
    (run,) = load_runs([folder])
    frame, _, _, page = report([run])
    assert frame.iloc[0]["lengths"] == "mean"
    assert frame.iloc[0]["measured_over_predicted"] == pytest.approx(1, abs=0.05)
    assert any(line.startswith("From mean lengths") for line in page.notes)


def test_the_reference_runs_of_this_project_have_a_page(tmp_path):
    """Their files lack the model's shape and their requests; with the shape they are predicted."""
    runs = ROOT / "docs/reference/h200/runs"
    for file in runs.glob("*/*/*.json"):
        copy = tmp_path / file.relative_to(runs)
        copy.parent.mkdir(parents=True, exist_ok=True)
        values = json.loads(file.read_text())
        copy.write_text(
            json.dumps(values | {"architecture": HERMES} if file.name == "measurement.json" else values)
        )
    bare = report(load_runs(sorted(folder for folder in runs.glob("*/*"))))[3]
    assert bare.findings[-1] == "No run has both measured and predicted seconds."
    frame, _, curves, page = report(load_runs(sorted(tmp_path.glob("*/*"))))
    ratios = frame.set_index(["study", "run"])["measured_over_predicted"]
    assert ratios["saturation"].between(0.85, 1.15).all()
    assert (frame["kv_tokens_predicted"] == 914_784).all()
    assert frame["kv_tokens_reported"].between(914_304, 914_784).all()
    assert "Computing limits all 11 runs for most of their predicted time." in page.findings
    assert "the worst is packing/separate-n4" in page.findings[-1]
    assert curves.break_even.n == pytest.approx(12, abs=3)


def test_the_h100s_runs_are_what_the_cost_model_says():
    """The constant comes from packing and saturation; the other studies are predictions."""
    frame, _, curves, page = report(load_runs(sorted((ROOT / "docs/reference/h100/runs").glob("*/*"))))
    assert len(frame) == 33
    assert frame["valid"].all()
    ratios = frame.set_index(["study", "run"])["measured_over_predicted"].astype(float)
    made_from = ratios[["packing", "saturation"]].drop("packed-n40-r160", level="run")
    assert len(made_from) == 11
    # the constant was made from medians of repeats, and what is shown are geometric means
    assert made_from.median() == pytest.approx(1, abs=0.003)
    others = ratios.drop(made_from.index)
    shared = others[[run.startswith("packed-n400-reuse-") for _, run in others.index]].drop(
        "packed-n400-reuse-none", level="run"
    )
    assert shared.between(0.5, 0.55).all(), "copies that read one context: known to be wrong"
    assert others.drop(shared.index).between(0.92, 1.08).all()
    assert frame["steps"].equals(frame["steps_measured"])
    assert (frame["kv_tokens_predicted"] / frame["kv_tokens_reported"]).between(0.97, 1).all()
    assert 8 <= curves.break_even.n <= 14
    assert page.findings[-1].startswith("30 of 33 valid runs took within 15 % of the predicted seconds")


def test_three_digits():
    assert [three_digits(value) for value in (0.012345, 1.2345, 123.45, 12345, math.nan)] == [
        "0.0123", "1.23", "123", "12,345", "",
    ]  # fmt: skip


def test_no_run_at_all():
    frame, _, curves, page = report([])
    assert page.findings == ["No answer: there is no run."]
    assert "No answer" in page_html(page)
    assert cost_figure(Sheet(frame, curves), []) is not None


def test_the_script_writes_all_five_files(tmp_path, monkeypatch, capsys):
    demo_folders(tmp_path)
    config = write_config(tmp_path / "config.json", studies=DEMO_STUDIES)
    tables, plots = tmp_path / "tables", tmp_path / "plots"
    monkeypatch.setattr("sys.argv", ["make_report.py", "cost", "--results", str(config.parent)])
    make_report.main()
    assert "7 runs" in capsys.readouterr().out
    assert sorted(path.name for path in tables.iterdir()) == ["cost.csv", "cost.html", "cost.md"]
    assert sorted(path.name for path in plots.iterdir()) == ["cost.png", "cost.svg"]
    rows = pd.read_csv(tables / "cost.csv")
    assert rows["run"].tolist()[:2] == ["packed-n4", "separate-n4"]
    assert (tables / "cost.md").read_text().startswith("# cost\n")


TWO_GPUS = {**ON_H200, "args": {"tensor_parallel_size": 2}}


def test_the_audit_comes_to_the_same_by_other_code(tmp_path):
    """Of fp8, of a narrow KV cache, of two GPUs and of a run that was refused: by formulas written twice."""
    runs = [
        *three_on_an_h200(tmp_path),
        saturation(tmp_path, 1, "separate", 1.8, suffix="-fp8", **FP8),
        saturation(tmp_path, 4, "packed", 1.7, suffix="-fp8", **FP8),
        saturation(tmp_path, 4, "packed", 2.6, suffix="-kv", **FP8_CACHE),
        saturation(tmp_path, 4, "packed", 1.5, suffix="-tp2", **TWO_GPUS),
    ]
    refused = {**ON_H200, "resolved": {}, "status": "refused", "message": "ValueError: no", "seconds": ()}
    runs.append(make_run(tmp_path, study="saturation", n=4, texts=400, suffix="-no", **refused))
    frame, _, _, page = report(runs)
    tables = tmp_path / "tables"
    tables.mkdir()
    write_tables(runs, PUBLISHED, tables)
    frame.to_csv(tables / "cost.csv", index=False)
    (tables / "cost.md").write_text(page_markdown(page))
    (tables / "saturation.md").write_text(
        page_markdown(study_page("saturation", Study(), runs_frame(runs, [])))
    )
    audited = list(audit(tmp_path))
    assert {table.table: table.off for table in audited if table.off} == {}
    assert {table.table for table in audited} >= {
        "runs.csv",
        "repeats.csv",
        "cost.csv",
        "cost.md",
        "saturation.md",
    }
    for table in audited:
        assert table.share == 1, table.told()
