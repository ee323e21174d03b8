"""One setting in several runs is one candidate: which run stands for it, and what is said of the others."""

import pytest
from support.planted import evidence, labels, setting

from batchscope.verdict.report import verdict_of
from batchscope.verdict.schema import Again

ALONE, FOUR, EIGHT = "separate-n1", "packed-n4", "packed-n8"


def again(run, speed, **columns):
    """The same setting in another study."""
    return setting(run, speed, **{"study": "again", **columns})


def found(*settings, **more):
    return verdict_of(evidence(list(settings), **more))


def of(verdict, name):
    return next(each for each in verdict.settings if each.id == name)


def test_a_setting_that_was_measured_twice_is_one_candidate():
    verdict = found(setting(ALONE, 1000), setting(FOUR, 2000), again(FOUR, 1420))
    answer, twin = verdict.offline, of(verdict, "again/packed-n4")
    assert answer.recommended == "label_answers/packed-n4"
    assert answer.sentence == (
        "Use 4 texts in one prompt: 2,000 texts/s (1,985 to 2,015) at 89.4 % accuracy (88.0 to 90.7). "
        "That is 2.00x (1.97x to 2.03x) the speed of 1 text per prompt (vLLM's defaults, "
        "but the prefix cache off)."
    )
    assert [gain.run for gain in answer.gains] == ["label_answers/separate-n1"]
    assert (twin.same_as, twin.state, twin.frontier) == ("label_answers/packed-n4", "kept", False)
    assert of(verdict, answer.recommended).also == (
        Again("again/packed-n4", "again", "1,420 texts/s on 2,000 texts"),
    )
    assert any(
        "1.41x apart: 4 texts in one prompt was measured in label_answers (Nothing but labels may be answered. How many "
        "texts should share a prompt?) and in again. " in each
        for each in answer.could_be_wrong
    )


@pytest.mark.parametrize(("first", "second"), [(1420, 2000), (2000, 1420)])
def test_of_equal_evidence_the_first_stands_and_not_the_fastest(first, second):
    verdict = found(setting(ALONE, 1000), setting(FOUR, first), again(FOUR, second))
    assert verdict.offline.recommended == "label_answers/packed-n4"
    assert verdict.offline.speed.value == first


def test_the_default_is_not_held_against_itself():
    """As a demo had it: 1 text per prompt beside itself at 0.71x."""
    verdict = found(setting(ALONE, 1000), again(ALONE, 1410), setting(FOUR, 700))
    answer = verdict.offline
    assert answer.recommended == "label_answers/separate-n1"
    assert [gain.over for gain in answer.gains] == ["the best of the other layout (4 texts in one prompt)"]
    assert answer.sentence.endswith("No other setting is as fast and as right.")
    assert "1 text per prompt" not in answer.sentence.removeprefix("Use 1 text per prompt")


def test_the_default_counts_once_in_the_gains():
    verdict = found(setting(ALONE, 1000), again(ALONE, 1100), setting(FOUR, 2000), again(FOUR, 2010))
    assert [(gain.run, gain.ratio) for gain in verdict.offline.gains] == [
        ("label_answers/separate-n1", pytest.approx(2.0))
    ]


def test_with_different_numbers_of_texts_the_most_stand():
    few = again(FOUR, 2600, texts=1200, requests=300)
    verdict = found(setting(ALONE, 1000), few, setting(FOUR, 2000), found={FOUR: labels(n=4)})
    assert verdict.offline.recommended == "label_answers/packed-n4"
    assert of(verdict, "again/packed-n4").same_as == "label_answers/packed-n4"
    assert of(verdict, verdict.offline.recommended).also == (
        Again("again/packed-n4", "again", "2,600 texts/s on 1,200 texts"),
    )
    assert not any("apart" in each for each in verdict.offline.could_be_wrong), "other work may be faster"


def test_a_run_that_does_not_count_stands_for_none_that_does():
    cached = {"valid": False, "invalid": "cached_tokens", "reason": "cached_tokens: 5, 0 expected"}
    verdict = found(setting(ALONE, 1000), setting(FOUR, 9000, **cached), again(FOUR, 2000))
    assert verdict.offline.recommended == "again/packed-n4"
    twin = of(verdict, "label_answers/packed-n4")
    assert (twin.state, twin.same_as) == ("invalid", "again/packed-n4")
    assert of(verdict, "again/packed-n4").also == (
        Again("label_answers/packed-n4", "label_answers", "its measurement does not count: cached_tokens"),
    )


def test_a_steady_run_stands_for_one_in_two_states():
    verdict = found(setting(ALONE, 1000), setting(FOUR, 2100, unsteady=True), again(FOUR, 2000))
    assert verdict.offline.recommended == "again/packed-n4"
    assert not any("two states" in each for each in verdict.offline.could_be_wrong)


def test_more_engine_starts_stand_for_fewer():
    verdict = found(setting(ALONE, 1000), setting(FOUR, 2100), again(FOUR, 2000, starts=3))
    assert verdict.offline.recommended == "again/packed-n4"


def test_of_random_weights_too_a_setting_is_one():
    runs = [setting(ALONE, 1000), setting(FOUR, 900), again(ALONE, 800)]
    verdict = found(*[{**run, "load_format": "dummy"} for run in runs])
    assert "1 text per prompt comes first of 2 settings" in verdict.offline.sentence
    assert [gain.run for gain in verdict.offline.gains] == ["label_answers/packed-n4"]


def test_what_a_user_would_type_makes_two_settings():
    others = [
        again(FOUR, 1000, study="a", answer="labels"),
        again(FOUR, 1000, study="b", **{"engine.max_num_seqs": 64}),
        again(FOUR, 1000, study="c", text_tokens=100),
        again(FOUR, 1000, study="d", instruction="first"),
        again(FOUR, 1000, study="e", fingerprint="another"),
    ]
    verdict = found(setting(ALONE, 1000), setting(FOUR, 2000), *others)
    assert [each.same_as for each in verdict.settings] == [None] * 7


def test_two_runs_of_one_study_are_named_by_their_runs():
    few = again(FOUR, 1900, texts=1500, requests=375) | {"run": "packed-n4-r1500"}
    fewer = again(FOUR, 1800, texts=1200, requests=300) | {"run": "packed-n4-r1200"}
    verdict = found(setting(ALONE, 1000), setting(FOUR, 2000), few, fewer)
    assert of(verdict, "label_answers/packed-n4").also == (
        Again("again/packed-n4-r1500", "again", "1,900 texts/s on 1,500 texts"),
        Again("again/packed-n4-r1200", "again", "1,800 texts/s on 1,200 texts"),
    )
