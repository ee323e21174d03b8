"""Findings: what two runs are said to differ by, from one engine start, and what the sentences hold."""

import pytest
from support.analysis_helpers import H200, HERMES, frame, gpu_sample, make_run

from batchscope.config.studies import Plot, Study
from batchscope.reports.study.findings import findings
from batchscope.reports.study.page import study_page

BUSY = {"gpu": H200, "hardware": [gpu_sample(0.1, 600.0, utilization=0.97)]}
WAITING = {"gpu": H200, "hardware": [gpu_sample(0.1, 200.0, utilization=0.3)]}


def pair(tmp_path, separate, packed=(1.0, 1.01, 1.02), both=None, **values):
    both = both or {}
    return frame(
        make_run(tmp_path, study="mine", layout="packed", n=40, seconds=packed, **both),
        make_run(tmp_path, study="mine", layout="separate", n=40, seconds=separate, **both | values),
    )


def test_an_interval_around_1_shows_no_difference(tmp_path):
    runs = pair(tmp_path, separate=(0.99, 1.005, 0.98))
    assert findings(runs, Plot()) == [
        "No difference seen between separate prompts (n=40) and packed prompts (n=40): 0.80 % slower to "
        "4.6 % faster here (repeatability on one engine start, 3 repeats each)."
    ]


@pytest.mark.parametrize(
    ("separate", "said"),
    [
        ((0.9960, 0.9961, 0.9962), "0.38 to 0.42 % faster than packed prompts (n=40) here"),
        ((0.9890, 0.9910, 0.9930), "0.4 to 1.4 % faster than packed prompts (n=40) here"),
    ],
)
def test_on_a_busy_gpu_one_start_leaves_1_percent_open(tmp_path, separate, said):
    runs = pair(tmp_path, separate, packed=(1.0, 1.0001, 1.0002, 1.0001), both=BUSY)
    (sentence,) = findings(runs, Plot())
    assert said in sentence
    assert (
        "; equal runs differ by up to 1.4 % from one engine start to the next, so not conclusive ("
        in sentence
    )
    assert sentence.endswith("(repeatability on one engine start, 3 and 4 repeats).")


def test_on_a_busy_gpu_5_percent_are_a_difference(tmp_path):
    runs = pair(tmp_path, separate=(0.949, 0.95, 0.951), packed=(1.0, 1.001, 0.999), both=BUSY)
    assert findings(runs, Plot()) == [
        "Separate prompts (n=40) are 5.3 % faster than packed prompts (n=40) (95 % interval 3.8 to 6.8 %, with "
        "a spread of 1.4 % from start to start; one engine start, 3 repeats each)."
    ]


def test_on_a_processor_a_quarter_is_not_conclusive(tmp_path):
    runs = pair(tmp_path, separate=(0.80, 0.80, 0.81))
    assert findings(runs, Plot()) == [
        "Separate prompts (n=40) were 23 to 28 % faster than packed prompts (n=40) here; equal runs differ by "
        "up to 30 % from one engine start to the next, so not conclusive (repeatability on one engine start, 3 repeats each)."
    ]


def test_a_gpu_that_waits_for_its_processor_spreads_more_than_a_busy_one(tmp_path):
    seconds = {"separate": (0.8, 0.801, 0.799), "packed": (1.0, 1.001, 0.999)}
    (busy,) = findings(pair(tmp_path / "busy", **seconds, both=BUSY), Plot())
    (waiting,) = findings(pair(tmp_path / "waiting", **seconds, both=WAITING), Plot())
    (unknown,) = findings(pair(tmp_path / "unknown", **seconds, both={"gpu": H200}), Plot())
    assert busy.startswith("Separate prompts (n=40) are 25 % faster")
    assert "by up to 47 % from one engine start to the next, so not conclusive" in waiting
    assert unknown == waiting


def test_the_run_with_the_higher_mean_is_the_faster_one(tmp_path):
    runs = pair(tmp_path, packed=(1.0,) * 6 + (1.02, 1.04, 1.06, 1.08, 1.1), separate=(1.01,) * 11, both=BUSY)
    (sentence,) = findings(runs, Plot())
    assert sentence.startswith(
        "No difference seen between separate prompts (n=40) and packed prompts (n=40): "
    )


def test_few_repeats_claim_nothing(tmp_path):
    runs = pair(tmp_path, separate=(0.5, 0.5), packed=(1.0,))
    assert findings(runs, Plot()) == [
        "Too few repeats to tell packed prompts (n=40) from separate prompts (n=40) "
        "(0.50x as many texts/s, 1 of 3 repeats needed)."
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
    assert sentence.startswith("Separate prompts (n=40) are 2.02 times as fast as packed prompts (n=40) (")
    assert sentence.endswith("3 repeats each; different environments).")
    assert any("compare_environments is on" in line for line in page.context)
    same = pair(tmp_path / "same", separate=(0.5, 0.5, 0.5))
    assert findings(same, Plot(), across=True) == findings(same, Plot())


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (["bbbb"], "equal runs differ by up to 3.6 % between two such GPUs, so not conclusive"),
        (["aaaa"], "are 2.0 % faster than packed prompts (n=40)"),
        ([], "are 2.0 % faster than packed prompts (n=40)"),  # measured before GPUs had ids
    ],
)
def test_two_gpus_of_one_kind_are_not_taken_to_be_equally_fast(tmp_path, others, said):
    runs = pair(
        tmp_path,
        packed=(1.0, 1.001, 0.999),
        separate=(0.98, 0.981, 0.979),
        both=BUSY | {"gpu": H200 | {"ids": ["aaaa"]}},
        gpu=H200 | {"ids": others},
    )
    page = study_page("mine", Study(), runs)
    (sentence,) = page.findings
    assert said in sentence
    on_two = others == ["bbbb"]
    assert sentence.endswith("; on two GPUs).") == on_two
    assert any("Measured on 2 GPUs of this kind" in line for line in page.context) == on_two


def test_of_several_comparisons_one_may_come_out_by_chance(tmp_path):
    """1.6 % on a busy GPU would do alone; beside three others it does not."""
    separate, packed = (0.9840, 0.9841, 0.9839), (1.0, 1.0001, 0.9999)
    alone = findings(pair(tmp_path / "alone", separate, packed, both=BUSY), Plot())
    assert "are 1.6 % faster than" in alone[0]
    runs = frame(
        make_run(tmp_path, study="s", layout="separate", n=1, texts=400, seconds=packed, **BUSY),
        *(
            make_run(tmp_path, study="s", layout="packed", n=n, texts=400, seconds=seconds, **BUSY)
            for n, seconds in ((4, separate), (8, packed), (20, packed), (40, packed))
        ),
    )
    said = findings(runs, Plot())
    assert "here; one of 4 comparisons may come out so by chance, so not conclusive (" in said[0]


def test_one_valid_run_and_none(tmp_path):
    one = frame(make_run(tmp_path, study="s", n=40, seconds=(2.0,)))
    assert findings(one, Plot()) == [
        "No comparison: the only valid run is packed prompts (n=40), 20.0 texts/s."
    ]
    none = frame(make_run(tmp_path, study="t", seconds=(), status="oom", message="full"))
    assert findings(none, Plot())[0] == "No answer: there is no valid run."


def test_passes_in_two_states_take_part_in_no_comparison(tmp_path):
    """As a small model on an H200 ran: 36 ms a step, then 24."""
    steady, states = (1.155, 1.15, 1.16), (1.155, 1.188, 0.801)
    runs = pair(tmp_path, separate=states, packed=steady, both=WAITING)
    assert findings(runs, Plot()) == [
        "No comparison: the only valid run in one state is packed prompts (n=40), 34.6 texts/s.",
        "Unsteady: separate prompts (n=40). Its passes stand in two states, so it is compared with nothing "
        "until more engine starts settle which one lasts.",
    ]
    table = study_page("mine", Study(), runs).table
    assert [row[table.columns.index(("", "status"))] for row in table.rows] == ["", "unsteady"]
    both = findings(pair(tmp_path / "both", separate=states, packed=states, both=WAITING), Plot())
    assert both[0] == "No answer: the passes of every valid run stand in two states."


@pytest.mark.parametrize(
    ("texts", "published"),
    [((4000, 4000), "published on one H800: 1.19x"), ((1600, 800), None), ((1600, 160), None)],
)
def test_a_published_ratio_is_of_as_many_texts_as_theirs(tmp_path, texts, published):
    """4,000 against 4,000 says nothing of 1,600 against 160."""
    hermes = BUSY | {"model": HERMES, "model_name": "hermes-8b", "study": "saturation"}
    runs = frame(
        make_run(
            tmp_path,
            layout="separate",
            n=1,
            texts=texts[0],
            prompt_tokens=315 * texts[0],
            seconds=(1.0, 1.001, 0.999),
            **hermes,
        ),
        make_run(
            tmp_path,
            layout="packed",
            n=40,
            texts=texts[1],
            prompt_tokens=292 * texts[1],
            seconds=(1.4, 1.401, 1.399),
            **hermes,
        ),
    )
    (sentence,) = findings(runs, Plot())
    assert ("published" in sentence) == bool(published)
    assert (published or "") in sentence


def test_a_run_that_does_not_fit_is_left_out_with_what_there_is_no_room_for(tmp_path):
    why = "a prompt takes 64 texts, and there are 20; the largest n that fits is 20"
    measured = make_run(tmp_path, study="mine", n=4, texts=20, seconds=(1.0, 1.01, 1.02))
    unfit = make_run(
        tmp_path, study="mine", n=64, texts=64, seconds=(), status="unfit", message=why, fingerprint=""
    )
    page = study_page("mine", Study(), frame(measured, unfit))
    assert f"Left out: packed prompts (n=64, texts=64), does not fit: {why}." in page.findings
    assert sum(line.startswith("Measured on: ") for line in page.context) == 1
    assert not any("environments differ" in line for line in page.context)


def test_a_study_without_a_single_repeat_has_a_page(tmp_path):
    failed = [
        make_run(
            tmp_path, study="mine", n=n, seconds=(), status="oom", message="full", measure={"precision": 0.02}
        )
        for n in (4, 8)
    ]
    page = study_page("mine", Study(), frame(*failed))
    assert page.findings[0] == "No answer: there is no valid run."
    assert "No run has a timed repeat." in page.notes


DRIFT = (1.0, 1.004, 0.997)
"""What each engine start does to all runs in it."""


def in_starts(tmp_path, packed="abc", separate="abc", faster=(0.95, 0.951, 0.949), **values):
    """Two runs in several engine starts: by the ids of these, and how much less time the second takes."""
    return frame(
        *(
            make_run(
                tmp_path,
                study="mine",
                layout=layout,
                n=40,
                seconds=tuple(factor * DRIFT[place] * noise for noise in (0.999, 1.0, 1.001)),
                start=place + 1,
                start_id=name,
                **BUSY,
                **values,
            )
            for layout, ids, factors in (("packed", packed, (1.0,) * 3), ("separate", separate, faster))
            for place, (name, factor) in enumerate(zip(ids, factors, strict=False))
        )
    )


def test_three_starts_speak_for_themselves(tmp_path):
    assert findings(in_starts(tmp_path), Plot()) == [
        "Separate prompts (n=40) are 5.3 % faster than packed prompts (n=40) (95 % interval 5.0 to 5.5 % over 3 engine "
        "starts, 3 repeats each)."
    ]


def test_a_start_that_only_one_was_in_is_told(tmp_path):
    (sentence,) = findings(in_starts(tmp_path, separate="axc"), Plot())
    assert sentence.endswith(
        "over 3 engine starts, 3 repeats each; not paired: they share 2 of 3 engine starts)."
    )
    (sentence,) = findings(in_starts(tmp_path / "none", separate="xyz"), Plot())
    assert "not paired: they share none of 3 engine starts)" in sentence


def test_two_starts_still_lean_on_the_documented_spread(tmp_path):
    (sentence,) = findings(in_starts(tmp_path, packed="ab", separate="ab"), Plot())
    assert "% from start to start; 2 engine starts, 3 repeats each)." in sentence
    (sentence,) = findings(in_starts(tmp_path / "mixed", packed="abc", separate="a"), Plot())
    assert "; 1 and 3 engine starts, 3 repeats each)." in sentence
    assert "paired" not in sentence


def test_a_difference_that_comes_and_goes_from_start_to_start_is_none(tmp_path):
    (sentence,) = findings(in_starts(tmp_path, faster=(0.99, 1.01, 1.0)), Plot())
    assert sentence.startswith(
        "No difference seen between separate prompts (n=40) and packed prompts (n=40): "
    )
    assert sentence.endswith("here (95 % interval over 3 engine starts, 3 repeats each).")


def test_equal_runs_may_come_out_so_by_chance(tmp_path):
    """Between the level of the interval, 5 %, and that of verdicts, 4 %."""
    (sentence,) = findings(in_starts(tmp_path, faster=(0.9755, 0.9660, 0.9850)), Plot())
    assert "; equal runs come out so in 4." in sentence
    assert (
        "% of cases (a claim takes less than 4 %), so not conclusive (95 % interval over 3 engine" in sentence
    )


def test_a_start_that_does_not_count_is_named_beside_the_run_that_does(tmp_path):
    bad = make_run(
        tmp_path, study="mine", n=40, start=4, invalid=[{"code": "throttled", "detail": "hot"}], **BUSY
    )
    records = [make_run(tmp_path, study="mine", n=40, start=start, **BUSY) for start in (1, 2, 3)]
    said = findings(frame(*records, bad), Plot())
    assert said[-1] == "Left out of packed prompts (n=40): start 4 (throttled)."


def test_the_page_says_what_its_means_are_over(tmp_path):
    page = study_page("mine", Study(), in_starts(tmp_path))
    assert page.notes[0] == (
        "Geometric means over 3 engine starts of 3 repeats; in brackets the 95 % interval over starts."
    )
    assert ("measured", "engine starts") in page.table.columns
    mixed = study_page("mine", Study(), in_starts(tmp_path / "mixed", separate="a"))
    assert mixed.notes[0].endswith("over starts; of a run with one start, its repeatability there.")


def test_labels_that_change_from_start_to_start_are_counted(tmp_path):
    runs = in_starts(tmp_path).assign(labels_differ_between_starts=[3, 0])
    (line,) = [note for note in study_page("mine", Study(), runs).notes if "label" in note]
    assert line == ("Texts whose label is not the same in all engine starts: packed prompts (n=40), 3 of 40.")


@pytest.mark.parametrize(
    ("fixed", "compared"), [((0.0, 1.0), False), ((1.0, 1.0), True), ((0.0, 0.05), True)]
)
def test_an_arm_measured_before_a_clock_change_is_compared_with_nothing(tmp_path, fixed, compared):
    runs = pair(tmp_path, separate=(1.0, 1.001, 0.999), packed=(1.5, 1.501, 1.499), both=BUSY)
    (sentence,) = findings(runs.assign(at_fixed_clocks=fixed), Plot())
    assert ("faster" in sentence) == compared
    if not compared:
        assert sentence == (
            "Not compared: packed prompts (n=40) and separate prompts (n=40) were measured at different clocks: the "
            "GPU's were fixed below their highest for one of them. Measure both again."
        )
