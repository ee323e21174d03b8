"""What a job asks for, from its specification and its prompts."""

from pathlib import Path
from typing import Any

import pytest
from support.label_answers import label_tokenizer

from batchscope.common.answer_limits import exactly
from batchscope.common.errors import UserError
from batchscope.jobs.job_arguments import answers_of, check_fits, sizes_of


@pytest.fixture
def model(tmp_path: Path) -> Path:
    label_tokenizer().save(str(tmp_path / "tokenizer.json"))
    return tmp_path


def prompts(n: int = 4, texts: int = 10) -> dict[str, Any]:
    return {"n": n, "texts": texts, "longest_prompt": {"id": 2, "tokens": 100, "n": n}}


def spec(**workload: Any) -> dict[str, Any]:
    labels = workload.pop("labels", None)
    task = {"task": {"labels": labels}} if labels else {}
    values = {"layout": "packed", "n": 4, "texts": 10, **workload}
    return {"workload": values, "engine": {"args": {}}, **task}


@pytest.mark.parametrize(("n", "texts", "sizes"), [(4, 10, [4, 2]), (4, 8, [4]), (1, 5, [1]), (4, 4, [4])])
def test_the_last_prompt_holds_what_remains(n: int, texts: int, sizes: list[int]) -> None:
    assert sizes_of(prompts(n, texts)) == sizes


def test_a_free_answer_needs_no_tokenizer(tmp_path: Path) -> None:
    assert answers_of(spec(output_tokens_per_text=2), prompts(), tmp_path) == exactly(2, 4, 2)


def test_a_specification_from_before_restricts_as_it_did(model: Path) -> None:
    limits = answers_of(spec(decoding="labels"), prompts(), model).limits
    assert {n: (each.least, each.most, each.restricted_by) for n, each in limits.items()} == {
        2: (2, 2, "tokens"),
        4: (4, 4, "tokens"),
    }


def test_labels_of_the_specification_are_those_allowed(model: Path) -> None:
    asked = answers_of(spec(answer="labels", labels=["glad", "very sad"]), prompts(), model)
    assert asked.limits[4].restricted_by == "grammar"
    assert '"glad" | "very sad"' in (asked.limits[4].grammar or "")


def test_the_longest_answer_must_fit(model: Path) -> None:
    asked = answers_of(spec(answer="labels", labels=["glad", "very sad"]), prompts(), model)
    needed = 100 + asked.limits[4].most
    check_fits("s/r", prompts(), asked, context=needed)
    with pytest.raises(
        UserError, match=f"^s/r: prompt 2 needs {needed} tokens .* max_model_len is {needed - 1}"
    ):
        check_fits("s/r", prompts(), asked, context=needed - 1)
