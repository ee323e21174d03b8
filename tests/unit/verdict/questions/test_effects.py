"""Does it matter? Planted differences of speed and of labels, and what is said of them."""

import pytest
from support.planted import config, evidence, labels, load_points, setting

from batchscope.verdict.report import verdict_of

ALONE, FOUR = "separate-n1", "packed-n4"
TOKENS = "engine.max_num_batched_tokens"


def answer(name, *settings, found=None, **more):
    verdict = verdict_of(evidence(list(settings), found, **more))
    return next(each for each in verdict.questions if each.id == name)


def beside(speed, **columns):
    """Another run of four texts in one prompt."""
    return setting(FOUR, speed, **columns) | {"run": "other"}


@pytest.mark.parametrize(
    ("speed", "host", "said"),
    [(1500, 0.99, "yes"), (1010, 0.99, "no"), (1200, 0.3, "can't tell"), (1045, 0.99, "can't tell")],
)
def test_it_matters_if_it_would_come_out_again_and_is_not_small(speed, host, said):
    found = answer(
        "instruction",
        setting(FOUR, 1000, utilization=host),
        beside(speed, instruction="first", utilization=host),
    )
    assert found.answer == said
    assert found.effect.startswith("4 texts in one prompt, instruction first: 1.")
    assert "the speed of 4 texts in one prompt, instruction last" in found.effect


def test_nobody_asked():
    found = answer("precision", setting(ALONE, 1000), setting(FOUR, 2000))
    assert (found.answer, found.study) == ("not asked", None)


def test_limits_of_a_step_and_precision_start_from_the_usual_engine():
    limits = answer("batch_limits", setting(FOUR, 1000), beside(1500, **{TOKENS: 80000.0}))
    assert limits.effect.startswith("4 texts in one prompt, max_num_batched_tokens=80000: 1.50x (1.4")
    precision = answer("precision", setting(FOUR, 1000), beside(1500, **{"engine.kv_cache_dtype": "fp8"}))
    assert (precision.answer, "kv_cache_dtype=fp8" in precision.effect) == ("yes", True)


def test_runs_that_differ_in_two_things_answer_nothing():
    assert (
        answer("instruction", setting(FOUR, 1000), beside(1500, instruction="first", texts=1900)).answer
        == "not asked"
    )


def test_missing_labels_matter_at_any_speed():
    found = answer(
        "answer", setting(FOUR, 1000, label_coverage=0.2), beside(1001, answer="labels", label_coverage=1.0)
    )
    assert found.answer == "yes"
    assert found.effect.endswith(
        "4 texts in one prompt, only labels allowed: 100.0 % of texts have a label, with 4 texts in one prompt, free "
        "answers 20.0 %."
    )


def test_worse_labels_matter_at_any_speed():
    found = answer("packing", setting(ALONE, 1000), setting(FOUR, 1001), found={FOUR: labels(0.7, 4, seed=3)})
    assert found.answer == "yes"
    assert "points less accurate than 1 text per prompt." in found.effect


def test_prompts_that_come_again_tell_only_where_no_others_do():
    again = {"duplicates": 20, "reuse": "full", "engine.enable_prefix_caching": True}
    found = answer("cache", setting(FOUR, 1000), beside(5000, **again))
    assert found.effect.startswith("4 texts in one prompt, prefix cache on, each prompt 20 times: 5.0")
    once = beside(1010, reuse="full") | {"run": "once"}
    assert answer("cache", setting(FOUR, 1000), beside(5000, **again), once).answer == "no"


@pytest.mark.parametrize(("speed", "said"), [(300, "yes"), (101, "no"), (None, "not asked")])
def test_a_server_beside_the_offline_engine(speed, said):
    """A load that sends everything at once, beside the same as an offline run."""
    points = load_points("layouts")
    point = points[points["run"] == "separate-n400"].iloc[0]
    shared = [
        name for name in point.index if name in setting(ALONE, 1) and not name.startswith("texts_per_s")
    ]
    run = setting(ALONE, speed or 100) | {
        name: point[name] for name in shared if name not in ("study", "run")
    }
    points["texts_per_s"] = 100.0
    if speed is None:
        points["fingerprint"] = "another machine"
    steady = {"repeats": 3, "ending": "fixed", "utilization": 0.99, "status": "ok", "unsteady": False}
    assert answer("server", run | steady, serving={"layouts": points}, of=config()).answer == said
