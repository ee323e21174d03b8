"""Tables with a known answer: what the verdict names, and what it refuses to name."""

import json

import pandas as pd
import pytest
from support.planted import REFERENCES, config, evidence, labels, load_points, setting

from batchscope.verdict.report import verdict_of, write_verdict

ALONE, FOUR, EIGHT = "separate-n1", "packed-n4", "packed-n8"


def offline(*settings, found=None, **more):
    return verdict_of(evidence(list(settings), found, **more)).offline


def state_of(verdict, run):
    return next(each for each in verdict.settings if each.id == f"label_answers/{run}")


def question(verdict, name):
    return next(each for each in verdict.questions if each.id == name)


def test_the_known_best_is_named():
    found = offline(setting(ALONE, 1000), setting(FOUR, 2000), setting(EIGHT, 1500))
    assert found.recommended == "label_answers/packed-n4"
    assert found.sentence == (
        "Use 4 texts in one prompt: 2,000 texts/s (1,985 to 2,015) at 89.4 % accuracy (88.0 to 90.7). "
        "That is 2.00x (1.97x to 2.03x) the speed of 1 text per prompt (vLLM's defaults, "
        "but the prefix cache off)."
    )
    assert found.right.most_lost < 0.01 == found.right.margin
    assert found.per_million.hours == pytest.approx(1e6 / 2000 / 3600)


def test_a_faster_one_that_guesses_is_not_named():
    guessing = labels(0.5, n=8, seed=5)
    found = offline(setting(ALONE, 1000), setting(FOUR, 2000), setting(EIGHT, 9000), found={EIGHT: guessing})
    assert found.recommended == "label_answers/packed-n4"
    alone = offline(setting(ALONE, 1000), setting(EIGHT, 9000), found={EIGHT: guessing})
    assert alone.recommended == "label_answers/separate-n1"
    assert (
        "Nothing faster is shown to be as right within 1 point (8 texts in one prompt: up to 4"
        in alone.sentence
    )


def test_the_margin_is_the_user_s():
    settings = [setting(ALONE, 1000), setting(FOUR, 2000)]
    assert offline(*settings).recommended == "label_answers/packed-n4"
    strict = offline(*settings, of=config(margin=0.5))
    assert strict.recommended == "label_answers/separate-n1"
    assert "within 0.5 points (4 texts in one prompt: up to 0.8 points less accurate)" in strict.sentence


def test_a_run_before_a_change_of_clocks_is_compared_with_none_after_it():
    """Twice as fast, and at twice the clock."""
    verdict = verdict_of(
        evidence([setting(ALONE, 1000, at_fixed_clocks=1.0), setting(FOUR, 2000, at_fixed_clocks=0.0)])
    )
    assert verdict.offline.recommended == "label_answers/separate-n1"
    assert state_of(verdict, FOUR).state == "not comparable"


def test_no_setting_that_keeps_its_labels_is_named():
    verdict = verdict_of(
        evidence([setting(ALONE, 1000, label_coverage=0.5), setting(FOUR, 2000, label_coverage=0.4)])
    )
    assert verdict.offline.recommended is None
    assert verdict.offline.sentence == (
        "Nothing is recommended: no setting keeps its labels. Only 50.0 % of texts have a label; only 40.0 % of "
        "texts have a label."
    )


def test_a_reference_run_that_guesses_recommends_nothing():
    guesses = labels(0.5, seed=7)
    found = offline(setting(ALONE, 1000), setting(FOUR, 2000), found={ALONE: guesses, FOUR: guesses})
    assert found.recommended is None
    assert "always answering '" in found.sentence
    assert (found.copy, found.fastest, found.per_million) == (None, None, None)
    assert "task.examples" in found.next[-1].words


def test_few_labels():
    verdict = verdict_of(evidence([setting(ALONE, 1000), setting(FOUR, 2000, label_coverage=0.5)]))
    assert verdict.offline.recommended == "label_answers/separate-n1"
    assert state_of(verdict, FOUR).why == "only 50.0 % of texts have a label"


def test_one_class_is_judged_by_agreement():
    same, other = labels(positive=0.99), labels(0.6, n=8, positive=0.99, seed=4)
    found = offline(
        setting(ALONE, 1000),
        setting(FOUR, 2000),
        setting(EIGHT, 4000),
        found={ALONE: same, FOUR: same, EIGHT: other},
    )
    assert (found.recommended, found.right.by) == ("label_answers/packed-n4", "agreement")
    assert not found.rests_on.gold
    assert any("may be wrong" in each for each in found.could_be_wrong)


def test_no_gold_labels():
    same = labels(gold=False)
    found = offline(setting(ALONE, 1000), setting(FOUR, 2000), found={ALONE: same, FOUR: same})
    assert (found.recommended, found.right.by, found.right.value) == (
        "label_answers/packed-n4",
        "agreement",
        1,
    )
    assert any("by hand" in each.words for each in found.next)


def test_too_few_texts():
    few = [setting(run, speed, texts=8, requests=8) for run, speed in ((ALONE, 1000), (FOUR, 2000))]
    found = offline(*few, found={ALONE: labels(texts=8), FOUR: labels(texts=8, n=4)})
    assert found.recommended is None
    assert (
        found.sentence == "Nothing is recommended: fewer than 10 prompts cannot tell how right a setting is."
    )
    assert found.next[0].words.startswith("Take 1,524 texts or more")


def test_some_texts_more_would_tell():
    some = [setting(ALONE, 1000, texts=200, requests=200), setting(FOUR, 2000, texts=200, requests=50)]
    found = offline(*some, found={ALONE: labels(texts=200), FOUR: labels(texts=200, n=4)})
    assert found.recommended == "label_answers/separate-n1"
    assert (
        "Nothing faster is shown to be as right within 1 point (4 texts in one prompt: up to 7."
        in found.sentence
    )
    assert found.next[0].words.startswith("Take 1,524 texts or more")


@pytest.mark.parametrize(("starts", "level"), [(1, "one start"), (2, "one start"), (3, "settled")])
def test_starts_say_how_sure_it_is(starts, level):
    found = offline(setting(ALONE, 1000, starts=starts), setting(FOUR, 2000, starts=starts))
    assert found.sure.level == level
    assert ("in three engine starts" in str(found.next)) == (starts < 3)
    assert ("one engine start" in found.speed.means) == (starts == 1)


def test_the_fastest_is_unsteady():
    verdict = verdict_of(
        evidence([setting(ALONE, 1000), setting(FOUR, 2000), setting(EIGHT, 4000, unsteady=True)])
    )
    assert verdict.offline.recommended == "label_answers/packed-n4"
    assert any("two states: 8 texts in one prompt" in each for each in verdict.offline.could_be_wrong)


def test_the_fastest_is_invalid():
    cached = setting(EIGHT, 4000, valid=False, invalid="cached_tokens", reason="cached_tokens: 5, 0 expected")
    verdict = verdict_of(evidence([setting(ALONE, 1000), setting(FOUR, 2000), cached]))
    assert verdict.offline.recommended == "label_answers/packed-n4"
    assert (state_of(verdict, EIGHT).state, state_of(verdict, EIGHT).frontier) == ("invalid", False)


def test_gpus_differ():
    same = offline(setting(ALONE, 1000), setting(FOUR, 1070))
    two = offline(setting(ALONE, 1000, gpu_ids="GPU-a"), setting(FOUR, 1035, gpu_ids="GPU-b"))
    assert same.gains[0].conclusive
    assert not two.gains[0].conclusive
    assert two.gains[0].why == "equal runs differ by up to 3.6 % between two such GPUs"
    assert two.gains[0].words.endswith(f": not conclusive, as {two.gains[0].why}")
    assert same.gains[0].why == ""
    assert "on 2 GPUs" in str(two.could_be_wrong)
    assert two.sentence.count("faster") == two.sentence.count("may be no faster than") == 1


def test_random_weights_are_a_matter_of_speed_alone():
    settings = [setting(run, speed, load_format="dummy") for run, speed in ((ALONE, 1000), (FOUR, 2000))]
    verdict = verdict_of(evidence(settings))
    found = verdict.offline
    assert (found.recommended, found.right, found.speed) == (None, None, None)
    assert found.sentence == (
        "Nothing is recommended: the weights are random, so labels mean nothing. By speed alone, 4 texts in one prompt "
        "comes first of 2 settings with 2,000 texts/s (1,985 to 2,015), 2.00x (1.97x to 2.03x) the speed of 1 text per "
        "prompt (vLLM's defaults, but the prefix cache off)."
    )
    assert found.fastest.run == "label_answers/packed-n4"
    assert {each.state for each in verdict.settings} == {"speed only"}


def test_all_failed():
    failed = {"status": "oom", "valid": False, "texts_per_s": float("nan")}
    found = offline(setting(ALONE, 1000, **failed), setting(FOUR, 1000, **failed))
    assert found.sentence == "Nothing is recommended: no run counts (2 of 2: out of memory)."
    assert found.next[0].command == "python3 -m scripts.retry_failed"


def test_a_single_setting():
    found = offline(setting(ALONE, 1000))
    assert found.recommended == "label_answers/separate-n1"
    assert found.sentence.endswith("Nothing else was compared.")
    assert "Add a setting" in found.next[0].words


def test_no_reference_run():
    missing = {"reference": None}
    found = offline(setting(FOUR, 1000, **missing), setting(EIGHT, 2000, **missing))
    assert found.recommended is None
    assert "no run with 1 text per prompt" in found.sentence
    assert any("layout: separate, n: 1" in each.words for each in found.next)


def test_equal_speeds_take_the_simplest():
    found = offline(setting(ALONE, 1000), setting(FOUR, 1003), setting(EIGHT, 1001))
    assert found.recommended == "label_answers/separate-n1"
    assert found.sentence.startswith(
        "How many texts share a prompt matters little: 4 texts in one prompt (1,003 "
    )
    assert (
        question(verdict_of(evidence([setting(ALONE, 1000), setting(FOUR, 1003)])), "packing").answer == "no"
    )


def test_packing_is_slower():
    verdict = verdict_of(evidence([setting(ALONE, 1000), setting(FOUR, 700), setting(EIGHT, 300)]))
    assert verdict.offline.recommended == "label_answers/separate-n1"
    assert verdict.offline.sentence.endswith("No other setting is as fast and as right.")
    asked = question(verdict, "packing")
    assert asked.answer == "yes"
    assert asked.effect.startswith(
        "8 texts in one prompt: 0.300x (0.295x to 0.305x) the speed of 1 text per prompt"
    )


def test_a_host_that_varies_decides_nothing():
    found = offline(setting(ALONE, 1000, utilization=0.3), setting(FOUR, 1200, utilization=0.3))
    assert found.recommended == "label_answers/packed-n4", "it was a fifth faster here"
    assert found.sentence.endswith(
        "may be no faster than 1 text per prompt: not conclusive, as equal runs differ by up to 47 % from one engine "
        "start to the next."
    )
    assert found.limited_by.what == "host"


def test_an_interval_without_1_that_is_no_claim_says_why():
    """1.6 % would do alone; of five settings any might come out so."""
    others = [
        setting(ALONE, 1000 + extra) | {"run": f"alone-{extra}", f"engine.a{extra}": 1} for extra in range(5)
    ]
    found = offline(*[{**each, "load_format": "dummy"} for each in (*others, setting(FOUR, 1021))])
    (gain, *_) = found.gains
    assert gain.low > 1
    assert not gain.conclusive
    assert gain.why == "one of 5 comparisons may come out so by chance"
    assert f"not conclusive, as {gain.why}" in found.sentence


def test_a_server_that_is_overloaded_everywhere():
    points = load_points()
    points["queue"] = "piles up"
    points[["finished", "finished_low", "finished_high"]] = [10.0, 9.0, 11.0]
    points[["ttft_growth", "ttft_growth_low", "ttft_growth_high"]] = [0.5, 0.4, 0.6]
    server = verdict_of(evidence([setting(ALONE, 1000)], serving={"open_loop": points})).server
    assert server.recommended is None
    assert server.sentence == "No load is recommended: even at 20 requests/s they pile up."
    assert "below 20 requests/s" in server.next[0].words


def test_a_lower_rate_that_does_not_count_is_named():
    points = load_points()
    points["queue"] = "piles up"
    points[["finished", "finished_low", "finished_high"]] = [10.0, 9.0, 11.0]
    points[["ttft_growth", "ttft_growth_low", "ttft_growth_high"]] = [0.5, 0.4, 0.6]
    lowest = points["load.request_rate"] == points["load.request_rate"].min()
    points = points.copy().assign(valid=~lowest, invalid=lowest.map({True: "client", False: ""}))
    least = sorted(points["load.request_rate"])[1]
    server = verdict_of(evidence([setting(ALONE, 1000)], serving={"open_loop": points})).server
    assert server.sentence == (
        f"No load is recommended: at {least:,.0f} requests/s they pile up, "
        "and 20 requests/s (invalid: client) does not count."
    )


def test_a_server_without_offline_runs():
    runs = pd.DataFrame([setting(ALONE, 1000)]).iloc[:0]
    found = verdict_of(evidence([], serving={"open_loop": load_points()}).__class__(
        config(), runs, {}, pd.DataFrame(), {"open_loop": load_points()}
    ))  # fmt: skip
    assert found.offline.sentence == "Nothing is recommended: nothing was measured."
    assert found.server.recommended == "open_loop/separate-n1-rate100"
    assert found.server.sentence.startswith(
        "The server keeps up with 100 requests/s (1 text per prompt), 101 texts/s; at 140 they pile up."
    )


def test_a_price():
    found = offline(setting(ALONE, 1000), setting(FOUR, 2000), of=config(price_per_gpu_hour=3.6))
    assert found.per_million.money == pytest.approx(0.5)
    two = {"engine.tensor_parallel_size": 2}
    spread = offline(
        setting(ALONE, 1000, **two), setting(FOUR, 2000, **two), of=config(price_per_gpu_hour=3.6)
    )
    assert spread.per_million.money == pytest.approx(1.0), "both GPUs cost"
    assert offline(setting(ALONE, 1000)).per_million.money is None


def test_environments_are_not_mixed():
    settings = [setting(ALONE, 1000), setting(FOUR, 2000, fingerprint="another")]
    verdict = verdict_of(evidence(settings))
    assert verdict.offline.recommended == "label_answers/separate-n1"
    assert state_of(verdict, FOUR).state == "not comparable"
    across = config().model_copy(update={"compare_environments": True})
    mixed = verdict_of(evidence(settings, of=across)).offline
    assert mixed.recommended == "label_answers/packed-n4"
    assert any("different environments" in each for each in mixed.could_be_wrong)


def test_prompts_that_come_again_and_small_runs_are_compared_with_none():
    again = setting(EIGHT, 9000, duplicates=20, reuse="full")
    small = setting("packed-n2", 5000, texts=100)
    verdict = verdict_of(evidence([setting(ALONE, 1000), setting(FOUR, 2000), again, small]))
    assert verdict.offline.recommended == "label_answers/packed-n4"
    assert [each.state for each in verdict.settings] == [
        "kept",
        "recommended",
        "not comparable",
        "not comparable",
    ]


def test_the_frontier_is_of_settings_that_are_compared():
    righter, faster, both_less = labels(0.95, 4, seed=3), labels(0.7, 8, seed=3), labels(0.65, 2, seed=3)
    verdict = verdict_of(evidence(
        [setting(ALONE, 1000), setting(FOUR, 900), setting(EIGHT, 3000), setting("packed-n2", 2000)],
        {FOUR: righter, EIGHT: faster, "packed-n2": both_less},
    ))  # fmt: skip
    assert [each.frontier for each in verdict.settings] == [True, True, True, False]


def test_the_file_is_plain_json(tmp_path):
    """Of the committed tables, as the workflow leaves them."""
    results = tmp_path / "results"
    (results / "tables").mkdir(parents=True)
    reference = REFERENCES / "smollm2-h200"
    pd.read_csv(reference / "tables" / "runs.csv").to_parquet(results / "tables" / "runs.parquet")
    (results / "tables" / "cost.csv").write_bytes((reference / "tables" / "cost.csv").read_bytes())
    (results / "labels").symlink_to(reference / "labels")
    write_verdict(config(), results, results / "verdict.json")
    written = json.loads((results / "verdict.json").read_text(), parse_constant=pytest.fail)
    assert written["schema"] == 2
    assert len(written["settings"]) == 26
    assert written["offline"]["recommended"] is None
    assert written["texts"]["gold"] is True


def test_vllm_s_own_defaults_have_the_prefix_cache_on():
    cached = setting(ALONE, 1100, reuse="full", **{"engine.enable_prefix_caching": True}) | {"run": "cached"}
    settings = [setting(ALONE, 1000), cached, setting(FOUR, 2200)]
    found = offline(*settings, found={"cached": labels()})
    assert found.gains[0].words == "2.00x (1.97x to 2.03x) the speed of vLLM's defaults (1 text per prompt)"
    assert found.gains[0].run == "label_answers/cached"
