"""The documented spreads: estimated again from what is committed of equal work that was measured twice."""

import csv
import json
import math
from statistics import fmean, variance

import pytest
from support.project import ROOT

from batchscope.statistics.intervals import interval, sample
from batchscope.statistics.spread import BETWEEN_GPUS, BETWEEN_STARTS, regime_of

REFERENCE = ROOT / "docs" / "reference"
HOST_BOUND = ("packing/packed-n4", "packing/separate-n4")


def log_means(path):
    """ln(rate) of each run in each of the turns."""
    return [
        {run: fmean(map(math.log, rates)) for run, rates in turn["rates"].items()}
        for turn in json.loads(path.read_text(encoding="utf-8"))["turns"]
    ]


def turns():
    return [log_means(REFERENCE / "h100" / "benchmarks" / f"reuse_{gpu}.json") for gpu in (1, 2)]


def seconds_of(reference, run):
    text = (REFERENCE / reference / "runs" / run / "measurement.json").read_text(encoding="utf-8")
    return [repeat["seconds"] for repeat in json.loads(text)["repeats"]]


def sd_of_pairs(differences):
    """Standard deviation of one of two equal runs, from how far pairs of them lie apart."""
    return math.sqrt(fmean(each**2 for each in differences) / 2)


def test_between_starts_of_busy_h100s():
    pairs = [shared[run] - alone[run] for alone, shared in turns() for run in alone if run not in HOST_BOUND]
    assert len(pairs) == 12
    assert BETWEEN_STARTS["compute"].sd == pytest.approx(sd_of_pairs(pairs), rel=0.02)


def waiting_pairs():
    """Equal work of GPUs that wait, in two starts each: the logarithms of its repeats."""
    for gpu in (1, 2):
        path = REFERENCE / "h100" / "benchmarks" / f"reuse_{gpu}.json"
        shared, alone = (turn["rates"] for turn in json.loads(path.read_text(encoding="utf-8"))["turns"])
        yield from ([logs(turn[run]) for turn in (shared, alone)] for run in HOST_BOUND)
    for run in ("separate-n1", "packed-n4"):
        names = (f"label_answers/{run}", f"confidence/{run}-confidence-False")
        yield [logs(seconds_of("smollm2-h200", name)) for name in names]


def seven_starts():
    """One run of SmolLM2 in seven starts of eight passes."""
    found = {}
    with (REFERENCE / "smollm2-h200" / "starts.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["start"], []).append(float(row["seconds"]))
    return [logs(seconds) for seconds in found.values()]


def logs(values):
    return [math.log(value) for value in values]


def test_between_starts_of_gpus_that_wait():
    """What the starts' means vary by, less what their repeats explain, of both sources by their freedom."""
    pairs, starts = list(waiting_pairs()), seven_starts()
    assert [len(pairs), len(starts), *map(len, starts)] == [6, 7] + 7 * [8]
    own = (
        fmean((fmean(first) - fmean(second)) ** 2 / 2 for first, second in pairs),
        variance(map(fmean, starts)),
    )
    of_repeats = (
        fmean(variance(each) / 3 for pair in pairs for each in pair),
        fmean(map(variance, starts)) / 8,
    )
    shares = 5 / 11, 6 / 11  # degrees of freedom of the starts
    between = sum(map(lambda share, all_, noise: share * (all_ - noise), shares, own, of_repeats))
    terms = [*zip(shares, own, (5, 6), strict=True), *zip(shares, of_repeats, (24, 49), strict=True)]
    freedom = between**2 / sum((share * part) ** 2 / free for share, part, free in terms)  # Satterthwaite
    assert BETWEEN_STARTS["host"].sd == pytest.approx(math.sqrt(between), rel=0.01)
    assert BETWEEN_STARTS["host"].freedom == pytest.approx(freedom, rel=0.01)


def test_between_starts_of_a_processor():
    """From the ranges of eight turns that docs/statistics.md has; 2.847: a range of eight, in deviations."""
    apart = [math.log(fastest / slowest) / 2.847 for fastest, slowest in ((160_197, 126_053), (1.29, 1))]
    assert BETWEEN_STARTS["cpu"].sd == pytest.approx(math.sqrt(fmean(each**2 for each in apart)), rel=0.03)


def tokens_and_seconds(run):
    """Of each repeat of a run of the H100 reference."""
    text = (REFERENCE / "h100" / "runs" / run / "measurement.json").read_text(encoding="utf-8")
    repeats = json.loads(text)["repeats"]
    return [(each["prompt_tokens"] + each["output_tokens"], each["seconds"]) for each in repeats]


def tokens_per_s(run):
    """The geometric mean's logarithm."""
    return fmean(math.log(tokens / seconds) for tokens, seconds in tokens_and_seconds(run))


def test_between_gpus():
    """Work that three GPUs or four did: its variances, and what starts add taken off."""
    c0, c1 = ({run: fmean(turn[run] for turn in both) for run in both[0]} for both in turns())
    works = [[tokens_per_s(run), c0[run], c1[run]] for run in c0 if run not in HOST_BOUND]
    works.append([
        tokens_per_s(run)
        for run in (
            "decoding/packed-n4-decoding-free",
            "batched_tokens/packed-n4-batcheddefault",
            "batched_tokens/packed-n4-batched160000",
            "batched_tokens/packed-n4-batcheddefault-seqs256",
        )
    ])  # fmt: skip
    freedom = [len(each) - 1 for each in works]
    pooled = sum(map(lambda each, free: free * variance(each), works, freedom)) / sum(freedom)
    found = math.sqrt(pooled - 2 / 3 * BETWEEN_STARTS["compute"].sd ** 2)
    assert BETWEEN_GPUS.sd == pytest.approx(found, rel=0.02)


@pytest.mark.parametrize(
    ("spread", "low", "high"),
    [
        (BETWEEN_STARTS["cpu"], 0.29, 0.31),
        (BETWEEN_STARTS["compute"], 0.013, 0.015),
        (BETWEEN_GPUS, 0.03, 0.035),
    ],
)
def test_margins_are_near_the_largest_differences_ever_seen(spread, low, high):
    assert low < spread.margin < high


@pytest.mark.parametrize(
    ("device", "utilization", "regime"),
    [("cpu", None, "cpu"), ("cuda", 0.98, "compute"), ("cuda", 0.3, "host"), ("cuda", None, "host")],
)
def test_regimes(device, utilization, regime):
    assert regime_of(device, utilization) == regime


def test_repeats_of_one_start_do_not_say_what_other_gpus_do():
    """Of 32 replicates 8 are inside, where 95 % should be: what docs/statistics.md says."""
    inside = 0
    for run, mean in [(run, mean) for both in turns() for turn in both for run, mean in turn.items()]:
        rates = [tokens / seconds for tokens, seconds in tokens_and_seconds(run)]
        found = interval(sample(rates))
        inside += math.log(found.low) <= mean <= math.log(found.high)
    assert inside == 8
