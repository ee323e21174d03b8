"""Curves of the cost page and its figure, from run folders with numbers chosen by hand."""

from itertools import combinations

import pytest
from matplotlib.colors import to_hex
from support.analysis_helpers import make_run
from support.cost_runs import ON_H200, report, saturation, three_on_an_h200
from support.figures import faults, texts
from support.shapes import requests

from batchscope.reporting.style import FIXED, save
from batchscope.reports.cost.curves import lengths_of
from batchscope.reports.cost.figure import Sheet, cost_figure
from batchscope.reports.cost.frame import estimate


def test_lengths_of_text_and_instruction_come_from_the_runs(tmp_path):
    estimates = [estimate(run) for run in three_on_an_h200(tmp_path)]
    found = lengths_of(estimates)
    assert (found.text_tokens, found.instruction_tokens) == (pytest.approx(290), pytest.approx(20))
    assert lengths_of(estimates[:1]) is None, "one run does not tell one from the other"


def test_curves_pass_through_what_is_predicted_for_the_runs(tmp_path):
    frame, _, curves, page = report(three_on_an_h200(tmp_path))
    assert curves.busy == 400
    assert curves.others == 0
    rates = curves.rates[curves.rates["busy"]].set_index(["layout", "n"])["texts_per_s"]
    for _, run in frame.iterrows():
        if (run["layout"], run["n"]) in rates.index:
            assert rates[run["layout"], run["n"]] == pytest.approx(400 / run["predicted_s"], rel=0.01)
    flops = curves.flops.set_index(["layout", "n"])
    assert flops.loc[("separate", 1)].sum() == pytest.approx(frame["flop"][0] / 400 / 1e9)
    assert flops.loc[("separate", 1), "decode_linear"] == 0
    assert (
        flops.loc[("packed", 400), "prefill_attention"]
        > 200 * flops.loc[("separate", 1), "prefill_attention"]
    )
    assert any("up to n = " in line and "no reuse" in line for line in page.findings)


def test_of_several_configurations_the_one_with_most_runs_is_drawn(tmp_path):
    limits = {"resolved": ON_H200["resolved"] | {"max_num_batched_tokens": 2_048}}
    runs = [*three_on_an_h200(tmp_path), saturation(tmp_path, 4, "packed", 3.0, suffix="-2048", **limits)]
    frame, _, curves, page = report(runs)
    assert curves.others == 1
    assert any(
        "hermes-8b, max_num_batched_tokens 16,384" in line and "1 run of another" in line
        for line in page.notes
    )
    assert frame["measured_over_predicted"].notna().all()


def test_reuse_has_a_break_even_of_its_own(tmp_path):
    reuse = make_run(
        tmp_path, study="reuse", n=4, texts=40, duplicates=5, seconds=(0.3,) * 3, prompt_tokens=50 * 1180,
        answers=requests([(1180, 0, 4)] * 10 + [(1180, 1168, 4)] * 40), **ON_H200,
    )  # fmt: skip
    _, _, curves, page = report([*three_on_an_h200(tmp_path), reuse])
    assert (curves.reuse.load.duplicates, curves.reuse.load.texts) == (5, 40)
    assert any(line.startswith("With reuse (40 texts, each sent 5 times") for line in page.findings)
    assert report(three_on_an_h200(tmp_path / "without"))[2].reuse is None


def test_what_memory_bandwidth_limits_is_named(tmp_path):
    decode = make_run(
        tmp_path, n=4, seconds=(5.0,) * 3, prompt_tokens=1180, answers=requests([(1180, 0, 900)]), **ON_H200
    )
    _, _, _, page = report([decode, saturation(tmp_path, 1, "separate", 2.8)])
    assert "Computing limits 1 of 2 runs; memory bandwidth limits packing/packed-n4." in page.findings


def test_the_figure_shows_curves_points_and_far_runs(tmp_path):
    far = saturation(tmp_path, 4, "packed", 9.0, suffix="-slow")
    void = saturation(tmp_path, 4, "packed", 1.0, suffix="-void", invalid=[{"code": "prompts"}])
    frame, _, curves, page = report([*three_on_an_h200(tmp_path), far, void])
    figure = cost_figure(Sheet(frame, curves), page.context)
    save(figure, tmp_path / "a.png", tmp_path / "a.svg")
    shown = set(texts(tmp_path / "a.svg"))
    expected = {"GFLOP per text", "Labelled (texts/s)", "Measured seconds / predicted"}
    expected |= {"n per prompt, measured", "not counted", "predicted, 400 texts (engine busy)"}
    assert expected <= shown
    assert any(text.startswith("break-even at n = ") for text in shown)
    assert faults(figure) == []
    flops, rates, ratios = figure.axes
    assert not rates.texts, "no label lies over a marker"
    assert not ratios.texts
    layouts = {to_hex(color) for color, _ in FIXED.values()}
    assert not layouts & {to_hex(line.get_color()) for line in flops.lines}, "a colour has one meaning"
    curves_drawn = [line.get_ydata() for line in rates.lines if len(line.get_xdata()) > 2]
    for one, other in combinations(curves_drawn, 2):
        assert len(one) != len(other) or max(abs(one / other - 1)) > 0.02, "no curve hides another"
    assert max(line.get_ydata()[0] for line in rates.lines if line.get_marker() == "s") <= rates.get_ylim()[1]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    save(cost_figure(Sheet(frame, curves), page.context), tmp_path / "b.png", tmp_path / "b.svg")
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()
