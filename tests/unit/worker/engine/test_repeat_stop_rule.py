"""When repeats stop: equal ones at the first look, noisy ones at the cap, long ones at the budget."""

import json
import math
from statistics import stdev

import pytest
from pydantic import ValidationError
from support.simulation import run_all, seconds

from batchscope.config.configuration import load_config
from batchscope.config.measure import Measure
from batchscope.statistics import intervals as stats
from batchscope.studies.grid import expand_studies
from batchscope.studies.run_spec import run_spec
from batchscope.worker.engine.repeat_stop_rule import most_repeats, stop_reason


def protocol(**values):
    """The spec's block for a configuration, through JSON as the engine gets it."""
    config = load_config({"measure": values})
    return json.loads(json.dumps(run_spec(expand_studies(config)[0], config, {})["measure"]))


def repeats_until_stop(times, rule):
    for count in range(1, len(times) + 1):
        if (stopped := stop_reason(times[:count], rule)) is not None:
            return count, stopped
    raise AssertionError("the rule never stopped")


def test_equal_repeats_stop_at_the_first_look():
    assert repeats_until_stop([0.5] * 9, protocol()) == (3, {"reason": "precision", "half_width": 0.0})
    assert repeats_until_stop([0.5] * 9, protocol(repeats=5))[0] == 5


def test_noisy_repeats_stop_at_the_cap():
    count, stopped = repeats_until_stop([1.0, 2.0] * 9, protocol(max_repeats=6))
    assert (count, stopped["reason"]) == (6, "cap")
    width = stats.t_factor(6, stats.LEVELS["last"]) * stdev([0, math.log(2)] * 3)
    assert stopped["half_width"] == pytest.approx(math.expm1(width), rel=1e-5)


def test_long_repeats_stop_at_the_budget_and_never_before_the_minimum():
    rule = protocol(repeat_budget_s=120)
    assert repeats_until_stop([70.0, 90.0] * 9, rule)[0] == 3
    count, stopped = repeats_until_stop([20.0, 30.0] * 9, rule)
    assert (count, stopped["reason"]) == (5, "budget"), "20 + 30 + 20 + 30 < 120 <= 120 + 20"
    assert repeats_until_stop([70.0, 90.0] * 9, protocol(repeat_budget_s=None))[0] == 10


@pytest.mark.parametrize(
    "values", [{"precision": None}, {"precision": 0}, {"max_repeats": 3}, {"repeats": 7, "max_repeats": 2}]
)
def test_without_a_rule_there_are_exactly_so_many(values):
    rule = protocol(**values)
    assert set(rule) == {"warmup_tokens", "repeats"}, "what the rule would use makes nothing stale"
    wanted = values.get("repeats", 3)
    assert most_repeats(rule) == wanted
    assert repeats_until_stop([1.0, 2.0] * 9, rule) == (wanted, {"reason": "repeats", "half_width": None})


def test_a_rule_with_too_few_repeats_says_what_to_change():
    with pytest.raises(ValidationError, match="raise it to 3 or more, or set precision: null"):
        Measure(repeats=2)
    assert Measure(repeats=2, precision=None).repeats == 2


def test_the_simulated_rule_is_the_engines():
    rule = protocol(repeat_budget_s=7.5)
    for cv in (0.005, 0.015, 0.03):
        times = seconds("lognormal", cv, (100, 10), seed=5)
        ended = run_all(times, budget=7.5)
        for index, row in enumerate(times.tolist()):
            count, stopped = repeats_until_stop(row, rule)
            ending = stats.ending_of(stopped["reason"], count, 3)
            found = stats.interval(stats.sample(row[:count], ending))
            assert (count, ending) == (ended.count[index], ended.ending[index])
            assert math.log(found.high) == pytest.approx(ended.mean[index] + ended.half[index], abs=1e-7)
            assert stopped["half_width"] == pytest.approx(found.high / found.middle - 1, rel=1e-4)
