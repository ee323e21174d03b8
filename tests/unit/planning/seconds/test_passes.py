"""How many passes a run has."""

from support.studies import runs

from batchscope.planning.seconds.passes import Passes, passes_of


def test_a_processor_goes_on_as_long_as_it_may_and_a_gpu_ends_early() -> None:
    (run,) = runs(grid={"n": [4]})
    assert passes_of(run, 0.1, "cpu") == Passes(3, 10, 10)
    assert passes_of(run, 4.5, "cpu") == Passes(3, 5, 5), "no pass starts after 20 seconds"
    assert passes_of(run, 30, "cpu") == Passes(3, 3, 3)
    assert passes_of(run, 0.1, "cuda") == Passes(3, 3, 10)
    assert passes_of(run, 0.0, "cpu") == Passes(3, 10, 10)


def test_a_fixed_number_is_a_fixed_number() -> None:
    (run,) = runs(grid={"n": [4]}, set={"measure.precision": None, "measure.repeats": 5})
    assert passes_of(run, 0.1, "cpu") == Passes(5, 5, 5)
    (run,) = runs(grid={"n": [4]}, set={"measure.repeat_budget_s": None})
    assert passes_of(run, 100, "cpu") == Passes(3, 10, 10)
