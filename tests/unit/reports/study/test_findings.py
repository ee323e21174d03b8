"""Findings: when two runs are said to differ, and what the sentences hold."""

import pytest
from support.analysis_helpers import H200, frame, make_run

from batchscope.config.studies import Plot, Study
from batchscope.reporting.numbers import show_ratio
from batchscope.reports.study.findings import findings
from batchscope.reports.study.page import study_page


def pair(tmp_path, separate, packed=(1.0, 1.01, 1.02), **values):
    return frame(
        make_run(tmp_path, study="mine", layout="packed", n=40, seconds=packed),
        make_run(tmp_path, study="mine", layout="separate", n=40, seconds=separate, **values),
    )


def test_an_interval_around_1_shows_no_difference(tmp_path):
    runs = pair(tmp_path, separate=(0.99, 1.005, 0.98))
    assert findings(runs, Plot()) == [
        "No difference seen between separate prompts (n=40) and packed prompts (n=40) "
        "(ratio 0.99x to 1.05x; 3 repeats each)."
    ]


@pytest.mark.parametrize(
    ("separate", "ratio"),
    [((0.9960, 0.9961, 0.9962), "1.004x to 1.004x"), ((0.9890, 0.9910, 0.9930), "1.004x to 1.014x")],
)
def test_on_a_gpu_equal_runs_differ_by_1_percent(tmp_path, separate, ratio):
    runs = frame(
        make_run(tmp_path, study="mine", n=40, seconds=(1.0, 1.0001, 1.0002, 1.0001), gpu=H200),
        make_run(tmp_path, study="mine", layout="separate", n=40, seconds=separate, gpu=H200),
    )
    assert findings(runs, Plot()) == [
        "No difference of more than 1 % seen between separate prompts (n=40) and packed prompts (n=40) "
        f"(ratio {ratio}; 3 and 4 repeats)."
    ]


def test_on_a_processor_equal_runs_differ_by_more(tmp_path):
    runs = pair(tmp_path, separate=(0.80, 0.80, 0.81))
    assert findings(runs, Plot()) == [
        "No difference of more than 30 % seen between separate prompts (n=40) and packed prompts (n=40) "
        "(ratio 1.23x to 1.28x; 3 repeats each)."
    ]


def test_the_run_with_the_higher_mean_is_the_faster_one(tmp_path):
    runs = pair(tmp_path, packed=(1.0,) * 6 + (8.0,) * 5, separate=(1.01,) * 11)
    runs["device"] = "cuda"
    assert runs["texts_per_s"].iloc[0] > runs["texts_per_s"].iloc[1]
    (sentence,) = findings(runs, Plot())
    assert sentence.startswith("Separate prompts (n=40) label 2.5")


def test_few_repeats_claim_nothing(tmp_path):
    runs = pair(tmp_path, separate=(0.5, 0.5), packed=(1.0,))
    assert findings(runs, Plot()) == [
        "Too few repeats to tell separate prompts (n=40) from packed prompts (n=40) "
        "(2.0x as many texts/s, 1 of 3 repeats needed)."
    ]


def test_environments_that_differ_are_not_compared(tmp_path):
    runs = pair(tmp_path, separate=(0.5, 0.5, 0.5), fingerprint="beef")
    (sentence,) = findings(runs, Plot())
    assert sentence.startswith("Not compared: ")
    page = study_page("mine", Study(), runs)
    assert sum(line.startswith("Measured on: ") for line in page.context) == 2
    assert any("The environments differ" in line for line in page.context)


def test_environments_are_compared_where_the_configuration_says_so(tmp_path):
    runs = pair(tmp_path, separate=(0.5, 0.5, 0.5), fingerprint="beef")
    page = study_page("mine", Study(), runs, across=True)
    (sentence,) = page.findings
    assert sentence.startswith("Separate prompts (n=40) label 2.0")
    assert sentence.endswith("3 repeats each) (different environments).")
    assert any("compare_environments is on" in line for line in page.context)
    same = pair(tmp_path / "same", separate=(0.5, 0.5, 0.5))
    assert findings(same, Plot(), across=True) == findings(same, Plot())


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (["bbbb"], "No difference of more than 3 % seen between"),
        (["aaaa"], "Separate prompts (n=40) label 1.020x as many"),
        ([], "Separate prompts (n=40) label 1.020x as many"),  # measured before GPUs had ids
    ],
)
def test_two_gpus_of_one_kind_are_not_taken_to_be_equally_fast(tmp_path, others, said):
    runs = frame(
        make_run(tmp_path, n=40, seconds=(1.0, 1.001, 0.999), gpu=H200 | {"ids": ["aaaa"]}),
        make_run(tmp_path, n=40, layout="separate", seconds=(0.98, 0.981, 0.979), gpu=H200 | {"ids": others}),
    )
    page = study_page("mine", Study(), runs)
    (sentence,) = page.findings
    assert sentence.startswith(said)
    on_two = others == ["bbbb"]
    assert sentence.endswith("(on two GPUs).") == on_two
    assert any("Measured on 2 GPUs of this kind" in line for line in page.context) == on_two


def test_saturation_compares_all_runs_with_the_fastest(tmp_path):
    runs = frame(
        *(
            make_run(tmp_path, study="s", layout=layout, n=n, texts=400, seconds=seconds)
            for layout, n, seconds in (
                ("packed", 40, (2.0, 2.1, 2.2)),
                ("packed", 4, (1.0, 1.1, 1.2)),
                ("separate", 1, (1.15, 1.05, 1.1)),
            )
        )
    )
    first, second = findings(runs, Plot())
    assert first.startswith("No difference seen between packed prompts (n=4) and separate prompts (n=1)")
    assert second.startswith(
        "Packed prompts (n=4) label 1.91x as many texts per second as packed prompts (n=40) (95 % interval "
    )


def test_one_valid_run_and_none(tmp_path):
    one = frame(make_run(tmp_path, study="s", n=40, seconds=(2.0,)))
    assert findings(one, Plot()) == [
        "No comparison: the only valid run is packed prompts (n=40), 20.0 texts/s."
    ]
    none = frame(make_run(tmp_path, study="t", seconds=(), status="oom", message="full"))
    assert findings(none, Plot())[0] == "No answer: there is no valid run."


def test_settings_that_vary_name_the_runs(tmp_path):
    runs = frame(
        make_run(tmp_path, study="b", texts=400, args={}, suffix="-default", seconds=(1.0,) * 3),
        make_run(tmp_path, study="b", texts=400, args={"max_num_batched_tokens": 80_000}, seconds=(2.0,) * 3),
    )
    (sentence,) = findings(runs, Plot(x="engine.max_num_batched_tokens"))
    assert sentence == (
        "Packed prompts (max_num_batched_tokens=default) label 2.000x as many texts per second as "
        "packed prompts (max_num_batched_tokens=80,000) "
        "(95 % interval 2.000x to 2.000x; 3 repeats each)."
    )


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "1.00x"), (1.494, "1.49x"), (1.5, "1.5x"), (9.96, "10x"), (24.4, "24x")]
)
def test_ratios_are_said_with_two_digits_or_so(value, text):
    assert show_ratio(value) == text


def test_runs_without_a_partner_are_compared_with_the_fastest(tmp_path):
    """Steps of three sizes, one of them with two limits on requests: that pair, then the two others."""
    runs = frame(
        *(
            make_run(
                tmp_path,
                study="steps",
                suffix=f"-{tokens}-{seqs}",
                args={"max_num_batched_tokens": tokens, "max_num_seqs": seqs},
                seconds=(seconds, seconds * 1.001, seconds * 0.999),
            )
            for tokens, seqs, seconds in (
                (4096, 256, 1.0),
                (4096, 4, 2.0),
                (1024, 256, 1.5),
                (16384, 256, 0.5),
            )
        )
    )
    plot = Plot(x="engine.max_num_batched_tokens", series="engine.max_num_seqs")
    said = findings(runs, plot)
    assert [sentence.split(" as many")[0].rpartition("label ")[2] for sentence in said] == [
        "2.000x",
        "2.000x",
        "3.000x",
    ]
    assert "max_num_batched_tokens=16,384" in said[1]
    assert "max_num_batched_tokens=4,096, max_num_seqs=256" in said[1]
    assert "max_num_batched_tokens=1,024" in said[2]
