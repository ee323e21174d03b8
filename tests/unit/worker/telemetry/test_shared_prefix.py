"""Counts of cascade attention, where vLLM's worker decides on it and computes it."""

from types import SimpleNamespace

import pytest

from batchscope.worker.telemetry.shared_prefix import PrefixCounts, PrefixWatch, is_asked, watch


def test_only_false_asks_for_it() -> None:
    assert is_asked({"disable_cascade_attn": False})
    assert not is_asked({"disable_cascade_attn": True})
    assert not is_asked({"disable_cascade_attn": None})
    assert not is_asked({})


def test_each_step_that_shares_is_counted_with_what_its_other_requests_did_not_read() -> None:
    counts = PrefixCounts()
    answers = iter([None, [[0, 4096], [2048]], [[512]]])
    decide = counts.deciding(lambda scheduled, computed, blocks: next(answers))
    assert decide([1], [0], [0]) is None
    assert decide([1] * 20, [0], [0]) == [[0, 4096], [2048]], "what vLLM decides is left as it is"
    decide([1, 1], [0], blocks=[0])
    attend = counts.computing(lambda output, *, scale: (output, scale))
    assert [attend(layer, scale=2) for layer in range(3)] == [(0, 2), (1, 2), (2, 2)]
    assert vars(counts) == {
        "steps": 3,
        "shared_steps": 2,
        "attention_calls": 3,
        "spared_tokens": 19 * 4096 + 512,
    }


def test_counts_are_those_since_they_were_last_taken() -> None:
    worker = PrefixWatch()
    worker.prefix_counts = PrefixCounts()
    decide = worker.prefix_counts.deciding(lambda scheduled: [[256]])
    decide([1, 1, 1])
    assert worker.take_shared_prefix()["spared_tokens"] == 512
    decide([1, 1])
    assert worker.take_shared_prefix() == {
        "steps": 1,
        "shared_steps": 1,
        "attention_calls": 0,
        "spared_tokens": 256,
    }
    assert set(worker.take_shared_prefix().values()) == {0}


def test_the_first_worker_is_asked_by_the_methods_names() -> None:
    asked: list[str] = []

    def collective_rpc(name: str) -> list[object]:
        asked.append(name)
        return [None, None] if name == "watch_shared_prefix" else [{"steps": 7}, {"steps": 8}]

    take = watch(SimpleNamespace(collective_rpc=collective_rpc))
    assert take() == {"steps": 7}
    assert asked == ["watch_shared_prefix", "take_shared_prefix"]
    assert all(hasattr(PrefixWatch, name) for name in asked)


@pytest.mark.parametrize("name", ["prefix_counts", "model_runner"])
def test_vllm_can_add_the_methods_to_a_worker_that_has_these_attributes(name: str) -> None:
    assert name not in dir(PrefixWatch)
