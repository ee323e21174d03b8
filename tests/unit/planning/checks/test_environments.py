"""Engine environments that are there or not."""

from support.situations import problem, situation

from batchscope.planning.checks.environments import check


def test_an_environment_that_is_not_there_is_named_with_the_command_that_makes_it() -> None:
    nowhere = {"python": "nowhere/bin/python", "device": "cpu"}
    found = problem(list(check(situation({"environments": {"cpu": nowhere}}))))
    assert found.where == "environments.cpu"
    assert "nowhere/bin/python" in found.what
    assert found.remedy == "make it with `make env ENGINE=cpu`"
    found = problem(
        list(check(situation({"environments": {"mine": nowhere}, "engine": {"environment": "mine"}})))
    )
    assert found.remedy == "correct environments.mine.python"
    assert not list(check(situation({"environments": {"mine": nowhere}}))), "no run needs it"


def test_a_python_without_vllm_is_no_engine_environment() -> None:
    found = problem(
        list(check(situation({"environments": {"cpu": {"python": "workflow", "device": "cpu"}}})))
    )
    assert "has no vLLM" in found.what


def test_the_build_for_cpu_in_the_place_of_the_other_is_told() -> None:
    mixed = {"python": ".engines/cpu/bin/python", "device": "cuda"}
    (found,) = check(situation({"environments": {"cpu": mixed}, "gpus": 1}))
    assert "the build for CPU" in found.what
