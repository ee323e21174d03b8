"""What becomes of a run that is to fit: as many texts as there are, or a reason."""

from typing import Any

import pytest

from batchscope.common.answer_limits import exactly
from batchscope.common.canonical_json import canonical_json
from batchscope.config.workload import Workload
from batchscope.jobs.fitted_run import fitted_spec, why_unfit
from batchscope.studies.prompt_spec import room_of


def spec(**workload: Any) -> dict[str, Any]:
    values = {"layout": "packed", "n": 4, "texts": 200, "fit": True, **workload}
    return {"workload": values, "engine": {"args": {"max_model_len": 1000}}, "versions": {}}


def prompts(there: int, n: int = 4, tokens: int = 400, largest: int = 4) -> dict[str, Any]:
    room = canonical_json(room_of(Workload(), {"max_model_len": 1000}))
    longest = {"id": 7, "tokens": tokens, "n": min(n, there)}
    return {"n": n, "texts": there, "longest_prompt": longest, "largest_n": {room: largest}}


def answers(*sizes: int) -> Any:
    return exactly(1, *sizes)


@pytest.mark.parametrize(("there", "taken"), [(60, 60), (200, 200), (3, 4)])
def test_the_specification_says_how_many_texts_were_taken(there: int, taken: int) -> None:
    """Or, of a run that has not even the texts of one prompt, would have been."""
    fitted = fitted_spec(spec(), prompts(there))["workload"]
    assert fitted == {"layout": "packed", "n": 4, "texts": taken}
    assert Workload.model_validate(fitted).total_texts == taken


def test_separate_prompts_take_what_there_is() -> None:
    found = fitted_spec(spec(layout="separate"), prompts(3, n=1))["workload"]
    assert found["texts"] == 3
    assert why_unfit(spec(layout="separate"), prompts(3, n=1), answers(1), 1000) is None


def test_a_run_that_is_not_to_fit_stays_as_it_was() -> None:
    plain = spec()
    del plain["workload"]["fit"]
    assert fitted_spec(plain, prompts(60)) is plain
    assert why_unfit(plain, prompts(60, tokens=5000), answers(4), 1000) is None, "an error elsewhere"


@pytest.mark.parametrize(
    ("made", "context", "why"),
    [
        (prompts(60), 404, None),
        (prompts(60, largest=3), 403, "prompt 7 needs 404 tokens with its answer, and the context is 403; the largest n that fits is 3"),
        (prompts(60, largest=1), 403, "prompt 7 needs 404 tokens with its answer, and the context is 403; no packed prompt fits"),
        (prompts(3, largest=3), 9000, "a prompt takes 4 texts, and there are 3; the largest n that fits is 3"),
    ],
)  # fmt: skip
def test_why_a_run_cannot_be(made: dict[str, Any], context: int, why: str | None) -> None:
    assert why_unfit(spec(), made, answers(3, 4), context) == why
