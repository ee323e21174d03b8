"""Products that cannot be timed: told before the runs, which come first and take long; each remedy is followed."""

from pathlib import Path

import pytest
from support.shapes import HERMES
from support.situations import local_model, problem, situation

from batchscope.planning.checks.gemm import check
from batchscope.planning.checks.situation import Situation

ON_GPU = {"gpus": 1, "gemm": {"models": ["demo"], "environment": "cuda"}}


def asked(overlay: dict, **keys: bool) -> Situation:
    return situation(overlay, products=overlay["gemm"]["models"], **keys)


def test_only_layers_that_are_known_are_multiplied(tmp_path: Path) -> None:
    overlay = local_model(tmp_path / "other", **HERMES, model_type="gpt2")
    overlay = {"models": overlay["models"], "gemm": {"models": ["demo", "mine"]}}
    found = problem(list(check(asked(overlay))))
    assert (found.where, found.what.partition(" ")[0]) == ("gemm.models", "mine")
    assert not list(check(asked({**overlay, "gemm": {"models": ["demo"]}})))
    overlay["models"] = local_model(tmp_path / "llama", **HERMES, model_type="llama")["models"]
    assert not list(check(asked(overlay)))


def test_of_a_model_that_is_not_fetched_nothing_is_known_yet() -> None:
    hub = {"mine": {"source": "hub", "id": "someone/no-such-model"}}
    overlay = {"models": hub, "gemm": {"models": ["mine"]}}
    assert not list(check(asked(overlay)))
    assert "mine" in asked(overlay).models, "so that it is said that it was not checked"


def test_products_on_a_gpu_need_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert "this process sees none" in problem(list(check(asked(ON_GPU)))).what
    assert not list(check(asked(ON_GPU, elsewhere=True)))
    assert "'gpus' allows none" in problem(list(check(asked({**ON_GPU, "gpus": 0}, elsewhere=True)))).what
    assert not list(check(asked({**ON_GPU, "gemm": {"models": ["demo"], "environment": "cpu"}})))


def test_a_call_without_products_needs_nothing_for_them() -> None:
    without = situation(ON_GPU)
    assert not list(check(without))
    assert "cuda" not in without.environments
    assert "cuda" in asked(ON_GPU).environments
