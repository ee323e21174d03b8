"""What docs/study.md says of a sweep on two GPUs, held against the raw files: who ran when, and on which GPU."""

from collections import Counter
from itertools import pairwise

import pytest

from tests.audit.further_readmes import Window, whole, windows
from tests.audit.reference import REFERENCES

LIMITS = [2048, 4096, 8192, 16384]


def jobs_of(gpus: str) -> list[Window]:
    return windows(REFERENCES / f"h200-sweep-{gpus}")


@pytest.mark.parametrize(("gpus", "count"), [("one", 1), ("two", 2)])
def test_each_gpu_measures_one_job_at_a_time_and_all_have_as_many(gpus: str, count: int) -> None:
    jobs = jobs_of(gpus)
    assert sorted(job.run.args["max_num_batched_tokens"] for job in jobs) == LIMITS
    assert list(Counter(job.gpu for job in jobs).values()) == [4 // count] * count
    for gpu in {job.gpu for job in jobs}:
        mine = sorted((job for job in jobs if job.gpu == gpu), key=lambda job: job.begin)
        assert all(before.end < after.begin for before, after in pairwise(mine))
    for job in jobs:
        assert job.run.environment["gpu"]["held"] == [job.gpu]
        assert job.run.measurement["status"] == "ok"
        assert not job.run.measurement["invalid"]
        assert len(job.run.repeats) == 3
        assert job.begin < job.engine < job.run.repeats[0]["started_at"]


def test_both_sweeps_ask_the_same() -> None:
    asked = [
        sorted((job.run.key, str(job.run.measurement["spec"])) for job in jobs_of(gpus))
        for gpus in ("one", "two")
    ]
    assert asked[0] == asked[1]


def test_two_gpus_take_at_most_one_in_1_8_of_the_time() -> None:
    assert whole(jobs_of("one")) / whole(jobs_of("two")) >= 1.8


def test_the_study_says_what_these_files_say() -> None:
    study = (REFERENCES.parent / "study.md").read_text(encoding="utf-8")
    one, two = (whole(jobs_of(gpus)) for gpus in ("one", "two"))
    assert f"took {one:.1f} s [on one of them]" in study
    assert f"and {two:.1f} s on two" in study
    assert f"{one / two:.2f} times as fast" in study
