"""Intervals over starts and GPUs: SciPy's where there are enough, and by simulation what they promise."""

import json
import math

import numpy as np
import pytest
import scipy.stats
from support.drifting_starts import DRIFTS, in_file_order, there_and_back
from support.drifting_starts import score as drifting
from support.project import ROOT
from support.three_levels import replicates, score, worlds

from batchscope.statistics import intervals
from batchscope.statistics.intervals import Sample, sample
from batchscope.statistics.replicates import CHANCE, Replicates, Start, estimate, holm, paired, ratio
from batchscope.statistics.spread import BETWEEN_GPUS, BETWEEN_STARTS

WORLDS = {world.name: world for world in worlds()}
ALL_BUT_TWO_LIMITS = sorted(set(WORLDS) - {"two states, one a start", "slow repeats now and then"})


def run(means, regime="compute", owner="", sd=0.0, count=3):
    """Starts by GPU, from their means."""
    starts = [
        Start(f"gpu{gpu}", f"{owner}{number}", Sample(mean, sd, count))
        for gpu, of_gpu in enumerate(means)
        for number, mean in enumerate(of_gpu)
    ]
    return Replicates(tuple(starts), regime)


def ends(found):
    interval = found.interval()
    return [math.log(interval.low), math.log(interval.high)]


def t_interval(values):
    return list(scipy.stats.t.interval(0.95, len(values) - 1, np.mean(values), scipy.stats.sem(values)))


def test_three_starts_speak_for_themselves():
    means = [0.01, -0.02, 0.005]
    assert ends(estimate(run([means], sd=0.5))) == pytest.approx(t_interval(means))


def test_of_three_gpus_the_gpus_count():
    means = [[0.01, 0.02, 0.03], [-0.02, -0.01, 0.0], [0.0, 0.01, 0.005]]
    assert ends(estimate(run(means))) == pytest.approx(t_interval([np.mean(each) for each in means]))


def test_one_start_has_the_documented_spread_and_that_of_its_repeats():
    elsewhere = BETWEEN_STARTS["host"]
    quiet, loud = (estimate(run([[0.0]], "host", sd=sd)) for sd in (0.0, 0.3))
    half = scipy.stats.t.ppf(0.975, elsewhere.freedom) * elsewhere.sd
    assert ends(quiet) == pytest.approx([-half, half])
    assert loud.variance == pytest.approx(elsewhere.sd**2 + 0.3**2 / 3)


def test_two_equal_runs_of_one_start_each_lie_within_the_margin():
    for regime, spread in BETWEEN_STARTS.items():
        found = ratio(run([[0.0]], regime, "a"), run([[math.log1p(spread.margin)]], regime, "b"))
        assert found.variance == pytest.approx(2 * spread.sd**2)
        assert found.p == pytest.approx(0.05)


def test_two_gpus_add_what_their_kind_spreads_by():
    means = [0.0, 0.001, -0.001]
    one, two = estimate(run([means])), estimate(run([means, means]))
    assert two.variance > BETWEEN_GPUS.sd**2 / 3 > one.variance
    apart = estimate(run([means, [0.1 + each for each in means]]))
    assert apart.variance > 2 * two.variance, "these two differ by more than their kind"


def test_what_a_start_does_to_both_runs_drops_out():
    starts = np.array([0.0, 0.1, -0.1])
    mine, its = run([starts + np.array([0.05, 0.052, 0.048])]), run([starts])
    assert paired(mine, its)
    assert ends(ratio(mine, its)) == pytest.approx(t_interval([0.05, 0.052, 0.048]))
    other = run([starts], owner="other")
    assert not paired(mine, other)
    assert ratio(mine, its).p < CHANCE < ratio(mine, other).p


def test_what_a_gpu_does_to_both_runs_drops_out():
    gpus = [[0.0] * 3, [0.2] * 3, [-0.2] * 3]
    mine = run(
        [[value + 0.01 * (1 + gpu / 10) for value in each] for gpu, each in enumerate(gpus)], owner="a"
    )
    found = ratio(mine, run(gpus, owner="b"))
    assert ends(found) == pytest.approx(t_interval([0.01, 0.011, 0.012]))


def test_two_gpus_that_treat_runs_unlike_are_all_that_is_known_of_it():
    """13 and 16 % faster on one GPU, 40 and 60 % on the other, as short passes were on two H200s."""
    base = run([[0.0, 0.0], [0.0, 0.0]], "host")
    uneven = ratio(run([[0.125, 0.149], [0.345, 0.466]], "host"), base)
    assert uneven.p > 0.2
    between = np.var([0.137, 0.4055], ddof=1) / 2
    assert uneven.variance == pytest.approx(between, rel=0.15)
    alike = ratio(run([[0.2, 0.3], [0.25, 0.26]], "host"), base)
    assert alike.freedom == 2
    assert alike.p < CHANCE


def test_runs_on_two_gpus_have_their_spread_between_them():
    here = run([[0.0, 0.001, -0.001]])
    there = Replicates(tuple(Start("other", start.name, start.repeats) for start in here.starts), "compute")
    assert ratio(here, there).variance > 2 * BETWEEN_GPUS.sd**2


def test_equal_values_have_no_width():
    found = ratio(run([[0.1] * 3], owner="a"), run([[0.1] * 3], owner="b"))
    assert ends(found) == [0, 0]
    assert found.p == 1


@pytest.mark.parametrize("gpu", [1, 2])
def test_equal_work_on_one_gpu_is_no_difference(gpu):
    """Two turns of eight runs, which differ in nothing but whose engine they had."""
    path = ROOT / "docs" / "reference" / "h100" / "benchmarks" / f"reuse_{gpu}.json"
    alone, shared = (turn["rates"] for turn in json.loads(path.read_text(encoding="utf-8"))["turns"])
    assert len(alone) == 8
    repeats = [[sample(rates[run]) for rates in (shared, alone)] for run in alone]
    assert any(intervals.ratio(*pair).low > 1 or intervals.ratio(*pair).high < 1 for pair in repeats), (
        "the repeats of one start alone would not do"
    )
    pairs = [
        [Replicates((Start("", name, each),), "compute") for name, each in zip("ab", pair, strict=True)]
        for pair in repeats
    ]
    assert min(ratio(*pair).p for pair in pairs) > CHANCE


@pytest.mark.parametrize(
    ("chances", "adjusted"),
    [
        ([], []),
        ([0.03], [0.03]),
        ([0.01, 0.04, 0.03], [0.03, 0.06, 0.06]),  # R: p.adjust(c(0.01, 0.04, 0.03), "holm")
        ([0.5, 0.6, 0.0], [1.0, 1.0, 0.0]),
    ],
)
def test_holm(chances, adjusted):
    assert holm(chances) == pytest.approx(adjusted)


@pytest.mark.parametrize(
    ("name", "gpus"),
    [(name, 1) for name in ALL_BUT_TWO_LIMITS]
    + [(name, gpus) for name in ("compute-bound", "host-bound, starts apart") for gpus in (2, 3)],
)
def test_three_starts_cover_the_truth_and_tell_no_equal_runs_apart(name, gpus):
    found = score(WORLDS[name], gpus=gpus, starts=3, trials=2_000)
    assert 92 <= found.covered <= 98  # 93 to 97, and what 2,000 trials are off by
    assert found.different <= 5


@pytest.mark.parametrize("name", ["compute-bound, starts apart", "host-bound, starts apart", "processor"])
def test_one_start_seldom_tells_equal_runs_apart(name):
    found = score(WORLDS[name], gpus=1, starts=1, trials=2_000)
    assert found.different <= 5
    assert found.old_covered < 90, "repeats of one start alone"


def test_a_state_for_each_start_takes_more_starts():
    world = WORLDS["two states, one a start"]
    few, more = (score(world, gpus=1, starts=starts, trials=2_000) for starts in (3, 6))
    assert few.covered < 80
    assert more.covered > 93
    assert max(few.different, more.different) <= 5


def test_a_simulated_run_is_what_the_library_takes():
    found = replicates(WORLDS["processor"], [[np.array([0.1, 0.2, 0.3])]], "a")
    assert found.starts == (Start("gpu0", "a0", Sample(pytest.approx(0.2), pytest.approx(0.1), 3)),)


@pytest.mark.parametrize("drift", DRIFTS)
def test_rounds_there_and_back_tell_no_equal_runs_apart_whatever_the_machine_does(drift):
    found = drifting(DRIFTS[drift], there_and_back, starts=3)
    assert found.covered > 93
    assert found.different <= 5


def test_one_order_for_all_starts_takes_drift_for_a_difference():
    assert drifting(DRIFTS["warming in each start"], in_file_order, starts=3, trials=200).different > 80
