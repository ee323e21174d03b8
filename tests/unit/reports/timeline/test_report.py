"""Timelines, from steps whose totals are known by hand; figures are read back from the SVG."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.analysis_helpers import H200, HERMES, cpu_sample, gpu_sample, step, write_config, write_run
from support.figures import faults, texts

from batchscope.common.errors import UserError
from batchscope.common.schemas import STEPS
from batchscope.config.studies import Plot
from batchscope.reporting.figure import clocks
from batchscope.reporting.wording import varying
from batchscope.reports.timeline.figure import timeline_figure
from batchscope.reports.timeline.frame import (
    MOST_BINS,
    MOST_POINTS,
    bin_edges,
    line_edges,
    load_timeline,
    mean_power,
    median_repeat,
    nice_interval,
    rates_in,
    state_points,
    timeline_text,
    tokens_in,
)
from batchscope.reports.timeline.report import ends_of, partners, write_timelines
from batchscope.results.frames import runs_frame
from scripts import make_report

GPU = {"gpu": H200, "model": HERMES, "model_name": "hermes-8b"}

TWO_STEPS = [
    step(0, 0.1, 1.0, prefill_tokens=100, running=3, waiting=7, kv_cache_usage=0.25),
    step(1, 0.9, 2.0, decode_tokens=10, running=4, waiting=6, kv_cache_usage=0.5, cached_tokens=300),
]


def whole_steps(fed_back):
    """All that a run of 1,000 prompt tokens computes, with so many tokens of answers fed back."""
    return [step(0, 0.1, 1.0, prefill_tokens=1000, decode_tokens=fed_back)]


def timeline(tmp_path, *, seconds=(2.0,), **values):
    return load_timeline(write_run(tmp_path, seconds=seconds, **values))


def even_steps(count, seconds, **values):
    """Steps of equal length that fill the window."""
    each = seconds / count
    return [step(number, number * each, (number + 1) * each, **values) for number in range(count)]


def drawn(tmp_path, *folders):
    """The texts of each run's figure, by run."""
    write_timelines([load_timeline(folder) for folder in folders], tmp_path / "out")
    return {path.stem: texts(path) for path in (tmp_path / "out").glob("*.svg")}


def test_the_repeat_of_median_duration_is_shown(tmp_path):
    steps = [step(0, 0.1, 0.9, repeat=repeat, prefill_tokens=100 + repeat) for repeat in range(3)]
    found = timeline(tmp_path, seconds=(1.3, 1.1, 1.2), steps=steps)
    assert (found.repeat, found.seconds) == (2, 1.2)
    assert list(found.steps["prefill_tokens"]) == [102]
    assert "repeat 3 of 3 (median duration), 1.2 s, 1 step\n" in timeline_text(found, "mine")


@pytest.mark.parametrize(("seconds", "expected"), [((), -1), ((5,), 0), ((5, 4), 1), ((4, 9, 5, 6), 2)])
def test_of_an_even_number_the_shorter_middle_one_is_taken(tmp_path, seconds, expected):
    values = {} if seconds else {"status": "oom"}
    run = timeline(tmp_path, seconds=seconds, **values).record.measurement
    assert median_repeat(run.repeats) == expected


def test_a_steps_tokens_are_spread_from_the_finish_before_it_to_its_own(tmp_path):
    bins = tokens_in(timeline(tmp_path, steps=TWO_STEPS), np.array([0.0, 0.5, 1.5, 2.0]))
    assert list(bins["prefill_tokens"]) == [50, 50, 0]
    assert list(bins["decode_tokens"]) == [0, 5, 5]
    rates = rates_in(timeline(tmp_path / "again", steps=TWO_STEPS), np.array([0.0, 0.5, 2.0]))
    assert list(rates["prefill_tokens"]) == pytest.approx([100, 50 / 1.5])


@pytest.mark.parametrize("count", [1, 2, 70, 5000])
def test_binned_tokens_add_up_to_those_of_the_steps(tmp_path, count):
    random = np.random.default_rng(count)
    finished = np.sort(random.uniform(-0.01, 3.01, count))  # some before and after the window, by the clocks
    steps = [
        step(number, end - 0.02, end, prefill_tokens=int(prefill), decode_tokens=int(decode))
        for number, (end, prefill, decode) in enumerate(
            zip(finished, random.integers(0, 16384, count), random.integers(0, 256, count), strict=True)
        )
    ]
    found = timeline(tmp_path, seconds=(3.0,), steps=steps)
    for edges in (bin_edges(found), line_edges(found)):
        assert (edges[0], edges[-1]) == (0.0, 3.0)
        bins = tokens_in(found, edges)
        for name in ("prefill_tokens", "decode_tokens"):
            assert bins[name].sum() == pytest.approx(sum(row[name] for row in steps))
            assert (bins[name] >= 0).all()


def test_two_steps_that_finish_at_one_moment_lose_nothing(tmp_path):
    steps = [step(number, 0.0, 1.0, decode_tokens=5) for number in range(2)]
    bins = tokens_in(timeline(tmp_path, steps=steps), np.array([0.0, 0.5, 1.0, 2.0]))
    assert bins["decode_tokens"].sum() == 10


@pytest.mark.parametrize(("count", "bins"), [(2, 10), (70, 23), (5000, MOST_BINS)])
def test_bins_are_equal_few_and_longer_than_a_step(tmp_path, count, bins):
    edges = bin_edges(timeline(tmp_path, steps=even_steps(count, 2.0)))
    assert len(edges) == bins + 1
    assert np.diff(edges) == pytest.approx(2.0 / bins)


def test_very_many_steps_are_thinned_for_drawing_to_the_last_of_each_moment(tmp_path):
    points = state_points(timeline(tmp_path, steps=even_steps(10 * MOST_POINTS, 2.0)))
    assert len(points) == pytest.approx(MOST_POINTS, abs=2)
    assert points["step"].iloc[-1] == 10 * MOST_POINTS - 1
    assert len(state_points(timeline(tmp_path / "few", steps=TWO_STEPS))) == 2


@pytest.mark.parametrize(
    ("seconds", "steps", "expected"),
    [
        (300, 900, 1),
        (20, 900, 1),
        (12.3, 407, 1),
        (9.9, 407, 0.5),
        (2, 70, 0.1),
        (0.031, 2, 0.02),
        (0.03, 1, 0.05),
    ],
)
def test_intervals_of_the_text_are_nice(seconds, steps, expected):
    assert nice_interval(seconds, steps) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("seconds", "steps", "lines"),
    [(27.3, 70, 27), (27.6, 70, 28), (2.0, 70, 20), (12.3, 400, 12), (0.03, 1, 1)],
)
def test_every_interval_has_a_line(tmp_path, seconds, steps, lines):
    found = timeline(tmp_path, seconds=(seconds,), steps=even_steps(steps, seconds, prefill_tokens=1))
    head, *rest = timeline_text(found, "saturation: packed prompts (n=4)").splitlines()
    assert head.startswith("saturation: packed prompts (n=4), repeat 1 of 1, ")
    assert len(rest) == lines
    assert rest[-1].split(" s  ")[0].strip() == f"{seconds:.{2 if seconds < 1 else 1}f}"


def test_lines_say_what_vllm_would_say(tmp_path):
    samples = [gpu_sample(0.0, 300.0), gpu_sample(2.0, 500.0)]
    found = timeline(tmp_path, steps=TWO_STEPS, hardware=samples, **GPU)
    assert timeline_text(found, "mine").splitlines() == [
        "mine, repeat 1 of 1, 2 s, 2 steps",
        "   1.0 s  Avg prompt throughput: 100.0 tokens/s, Avg generation throughput: 0.0 tokens/s, "
        "Running: 4 reqs, Waiting: 6 reqs, GPU KV cache usage: 50.0%, Prefix cache hit rate: 75.0%, "
        "Power: 350 W",
        "   2.0 s  Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: 10.0 tokens/s, "
        "Running: 4 reqs, Waiting: 6 reqs, GPU KV cache usage: 50.0%, Prefix cache hit rate: 75.0%, "
        "Power: 450 W",
    ]


def test_an_interval_in_which_nothing_finished_is_kept(tmp_path):
    steps = [
        step(0, 0.0, 1.0, prefill_tokens=10, running=2),
        step(1, 1.0, 29.0, decode_tokens=56, running=5, preempted=1),
    ]
    found = timeline(tmp_path, seconds=(30.0,), steps=steps)
    lines = timeline_text(found, "mine").splitlines()[1:]
    assert len(lines) == 30
    assert "Running: 2 reqs" in lines[0]
    assert all("Avg generation throughput: 2.0 tokens/s, Running: 5 reqs" in line for line in lines[1:29])
    assert "Avg generation throughput: 0.0 tokens/s" in lines[29]
    assert ["Preemptions: 1" in line for line in lines].index(True) == 1
    assert "Waiting: 0 reqs, CPU KV cache usage: 0.0%" in lines[5]
    assert sum("Preemptions" in line for line in lines) == 1
    assert "Power" not in lines[0]


def test_before_the_first_step_all_requests_wait(tmp_path):
    steps = [step(number, 25.0 + number, 26.0 + number) for number in range(5)]
    found = timeline(tmp_path, n=3, texts=27, seconds=(30.0,), steps=steps)
    assert "Running: 0 reqs, Waiting: 9 reqs" in timeline_text(found, "mine").splitlines()[1]


def test_power_of_several_gpus_is_added_up(tmp_path):
    samples = [
        gpu_sample(time, watts, gpu=gpu) for time in (0.0, 2.0) for gpu, watts in ((0, 100.0), (3, 250.0))
    ]
    found = timeline(tmp_path, steps=TWO_STEPS, hardware=[*samples, cpu_sample(1.0, 0.5, 0.4)], **GPU)
    assert found.gpus == [0, 3]
    assert mean_power(found, 0.5, 1.5) == pytest.approx(350.0)
    (shown,) = drawn(tmp_path, tmp_path / "runs/packing/packed-n4").values()
    assert "GPU power (W, each of 2 GPUs)" in shown


def test_a_figure_shows_requests_cache_tokens_and_gpu(tmp_path):
    steps = even_steps(70, 27.3, prefill_tokens=16384, running=60, waiting=100, kv_cache_usage=0.9)
    steps[30] |= {"preempted": 2, "discarded_tokens": 1500}
    samples = [gpu_sample(time, 650.0, sm_clock_mhz=1980) for time in (0.0, 27.3)]
    asked = 70 * 16384 - 1500 - 4 + 1  # 4 output tokens of one request, of which 3 are fed back
    folder = write_run(
        tmp_path,
        seconds=(27.3, 27.4, 27.2),
        prompt_tokens=asked,
        steps=steps,
        hardware=samples,
        **GPU,
    )
    (shown,) = drawn(tmp_path, folder).values()
    assert {
        "packing: packed prompts (n=4)",
        "Requests running",
        "Requests waiting",
        "KV cache in use (%)",
        "▼ 2 preemptions",
        "Prefill tokens per second",
        "Decode tokens per second",
        "GPU power (W)",
        "SM clock (MHz)",
        "seconds from the start of the timed window",
    } <= set(shown)
    assert any("NVIDIA H200" in text for text in shown)
    said = "repeat 1 of 3 (median duration), 27.3 s, 70 steps, 2 preemptions (1,500 tokens computed again)."
    assert f"Shown: {said}" in " ".join(shown)


def test_without_a_gpu_the_processor_is_shown(tmp_path):
    samples = [cpu_sample(time, 0.98, 0.91) for time in (0.0, 2.0)]
    (shown,) = drawn(
        tmp_path, write_run(tmp_path, seconds=(2.0,), steps=TWO_STEPS, hardware=samples)
    ).values()
    assert {"Cores busy (%)", "grey: in all; colour: the engine"} <= set(shown)
    assert not any("preempt" in text or "GPU" in text for text in shown)


def test_steps_without_samples_are_drawn(tmp_path):
    (shown,) = drawn(tmp_path, write_run(tmp_path, seconds=(2.0,), steps=TWO_STEPS)).values()
    assert {"Hardware", "no samples"} <= set(shown)


def test_runs_that_do_not_count_say_so_and_why(tmp_path):
    invalid = [{"code": "cached_tokens", "detail": "12 came from the cache"}]
    shown = drawn(
        tmp_path,
        write_run(tmp_path, n=4, seconds=(2.0,), steps=TWO_STEPS, invalid=invalid),
        write_run(tmp_path, n=8, seconds=(), status="oom", message="CUDA out of memory"),
        write_run(tmp_path, n=40, seconds=(2.0,), measure={"telemetry": False}),
        write_run(tmp_path, n=400, seconds=(2.0,)),
    )
    assert "packing: packed prompts (n=4), does not count (invalid: cached_tokens, steps)" in " ".join(
        shown["packed-n4"]
    )
    assert any(
        "2 steps. cached_tokens: 12 came from the cache; steps:" in text for text in shown["packed-n4"]
    )
    assert {
        "packing: packed prompts (n=8), does not count (out of memory)",
        "No timeline: the run finished no repeat, it was out of memory.",
        "CUDA out of memory",
    } <= set(shown["packed-n8"])
    assert "No timeline: measure.telemetry is false." in shown["packed-n40"]
    assert "No timeline: no step was recorded." in shown["packed-n400"]
    lines = (tmp_path / "out" / "packed-n8.txt").read_text().splitlines()
    assert lines[0] == "packing: packed prompts (n=8), does not count (out of memory)"
    assert lines[1].startswith("No timeline")


def test_svg_bytes_are_the_same_each_time(tmp_path):
    samples = [gpu_sample(time, 650.0, sm_clock_mhz=1980) for time in (0.0, 2.0)]
    folder = write_run(tmp_path, seconds=(2.0,), steps=TWO_STEPS, hardware=samples, **GPU)
    found = []
    for _ in range(2):
        drawn(tmp_path, folder)
        found.append((tmp_path / "out" / "packed-n4.svg").read_bytes())
    assert found[0] == found[1]
    assert b"<dc:date>" not in found[0]


def test_the_script_writes_one_study_and_removes_what_was_there(tmp_path, monkeypatch, capsys):
    for study, n in (("packing", 4), ("packing", 40), ("saturation", 8)):
        write_run(tmp_path, study=study, n=n, seconds=(2.0,), steps=TWO_STEPS)
    studies = {"packing": {"grid": {"n": [4, 40], "layout": ["packed"]}}, "saturation": None}
    config = write_config(tmp_path / "config.json", studies=studies)
    out = tmp_path / "timelines" / "packing"
    out.mkdir(parents=True)
    (out / "old-name.svg").touch()
    words = ["make_report.py", "timeline", "--results", str(config.parent)]
    monkeypatch.setattr("sys.argv", [*words, "--study", "packing"])
    make_report.main()
    names = {f"packed-n{n}.{kind}" for n in (4, 40) for kind in ("svg", "png", "txt")}
    assert {path.name for path in out.iterdir()} == names
    assert (out / "packed-n40.png").read_bytes().startswith(b"\x89PNG")
    assert capsys.readouterr().out == f"2 timelines in {out}\n"
    monkeypatch.setattr("sys.argv", [*words, "--study", "x"])
    with pytest.raises(UserError, match="no study 'x'; there are packing"):
        make_report.main()


def test_a_file_that_cannot_be_used_is_named_with_the_remedy(tmp_path):
    folder = write_run(tmp_path, seconds=(2.0,), steps=TWO_STEPS)
    remedy = f"; delete {re.escape(str(folder))} and rerun"
    path = folder / "steps.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["waiting"]), path)
    with pytest.raises(UserError, match=rf"steps\.parquet: damaged: no column 'waiting'{remedy}"):
        load_timeline(folder)
    words = {name: ["many"] for name in STEPS.names}
    pq.write_table(pa.table(words), path)
    with pytest.raises(UserError, match=rf"(?s)steps\.parquet: damaged: cannot be read .*{remedy}"):
        load_timeline(folder)
    path.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(UserError, match=rf"(?s)steps\.parquet: damaged: cannot be read .*{remedy}"):
        load_timeline(folder)
    path.unlink()  # as in folders of an earlier version
    assert load_timeline(folder).missing == "No timeline: no step was recorded."


def test_a_column_that_is_not_known_is_no_fault(tmp_path):
    folder = write_run(tmp_path, seconds=(2.0,), steps=TWO_STEPS)
    path = folder / "steps.parquet"
    table = pq.read_table(path)
    pq.write_table(table.append_column("new", pa.array([1, 2])), path)
    found = load_timeline(folder)
    assert found.missing == ""
    assert list(found.steps.columns) == STEPS.names


def figure_of(folder, until=None):
    found = load_timeline(folder)
    runs = runs_frame([found.record], [])
    return timeline_figure((found, runs.iloc[0]), varying(runs), until)


def test_every_panel_has_one_scale_from_zero_over_all_values(tmp_path):
    """With nothing waiting, and with samples a little above 100 %."""
    samples = [cpu_sample(time, 1.12, 1.07) for time in (0.0, 2.0)]
    figure = figure_of(write_run(tmp_path, seconds=(2.0,), steps=TWO_STEPS, hardware=samples))
    assert faults(figure) == []
    boxes = [ax.get_position().bounds for ax in figure.axes]
    assert len(set(boxes)) == len(boxes), "no axes lie over others"
    for ax in figure.axes:
        low, high = ax.get_ylim()
        assert low == 0
        assert high >= max([1.0, *(value for line in ax.lines for value in line.get_ydata())])
    assert figure.axes[-1].get_ylim()[1] > 112


def test_runs_of_as_many_texts_are_on_one_clock(tmp_path):
    runs = [
        write_run(tmp_path, n=n, texts=texts, seconds=(seconds,), steps=TWO_STEPS, suffix=f"-r{texts}")
        for n, texts, seconds in ((4, 800, 2.0), (8, 800, 5.0), (40, 80, 3.0), (400, 800, 0.1))
    ]
    found = [load_timeline(folder) for folder in runs]
    assert ends_of(found) == [5.0, 5.0, 3.0, 0.1], "beside 5 s nothing could be seen of 0.1 s"
    figure = figure_of(runs[0], until=5.0)
    assert {ax.get_xlim() for ax in figure.axes} == {(0.0, 5.0)}
    assert figure.axes[-1].get_xlabel().endswith("grey: ended")
    assert clocks([3.0, 24.0, 2.9]) == [24.0, 24.0, 2.9]
    assert clocks([]) == []


def test_beside_each_run_stands_the_one_that_its_study_holds_it_against(tmp_path):
    """Not beside one that does not count, nor beside one without steps."""
    bad = [{"code": "cached_tokens", "detail": "12 came from the cache"}]
    shown = drawn(
        tmp_path,
        write_run(tmp_path, n=4, seconds=(2.0,), steps=whole_steps(3)),
        write_run(tmp_path, layout="separate", n=4, seconds=(5.0,), steps=whole_steps(0)),
        write_run(tmp_path, n=8, seconds=(2.0,), steps=whole_steps(7), invalid=bad),
        write_run(tmp_path, n=40, seconds=(2.0,), steps=whole_steps(39)),
        write_run(tmp_path, n=400, seconds=(2.0,), measure={"telemetry": False}),
    )
    for run in ("packed-n4", "packed-n40"):
        assert {"This run", "Held against separate prompts (n=4)"} <= set(shown[run])
        assert shown[run].count("Requests running") == 2
        assert "beside it repeat 1 of 1, 5 s" in " ".join(shown[run])
    assert "No timeline: measure.telemetry is false." in shown["packed-n400"]
    for run in ("separate-n4", "packed-n8"):
        assert shown[run].count("Requests running") == 1
        assert not any("Held against" in text for text in shown[run])


def test_a_study_s_own_baseline_is_taken(tmp_path):
    runs = [write_run(tmp_path, n=n, seconds=(2.0,), steps=TWO_STEPS) for n in (4, 8, 40)]
    frame = runs_frame([load_timeline(folder).record for folder in runs], []).assign(valid=True)
    plot = Plot(x="n", series="n", baseline=8)
    assert dict(partners(frame, plot, varying(frame))) == {0: 1, 2: 1}
