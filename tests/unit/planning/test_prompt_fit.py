"""Runs that texts or context leave no room for: what the plan says, and that its remedies work when followed."""

import json
import re
from contextlib import chdir
from pathlib import Path
from typing import Any

import pytest
from support.short_texts import Sweep, sweep, write_texts

from batchscope.common.errors import UserError
from batchscope.planning.problems import Problem
from batchscope.planning.prompt_fit import (
    as_fitted,
    describe_fit,
    name_in_plan,
    problem_of,
    prompt_problems,
)
from batchscope.planning.sweep_plan import plan_runs

TWENTY = [f"text number {number} " + "word " * (3 * number) for number in range(20)]


def number_in(text: str, before: str) -> int:
    found = re.search(rf"{before}(\d[\d,]*)", text)
    assert found, text
    return int(found[1].replace(",", ""))


def only(problems: tuple[Problem, ...]) -> Problem:
    (problem,) = problems
    return problem


@pytest.mark.parametrize(
    ("study", "places"),
    [
        ({"set": {"texts": 100}, "grid": {"n": [2, 4]}}, "studies.mine.set"),
        ({"grid": {"texts": [8, 100]}}, "studies.mine.grid"),
        ({"grid": {"n": [2]}, "include": [{"n": 4, "texts": 100}]}, "studies.mine.include"),
    ],
)
def test_too_few_texts(tmp_path: Path, study: dict[str, Any], places: str) -> None:
    made = sweep(tmp_path, TWENTY, 100_000, mine=study)
    problem = only(made.look().problems)
    assert problem.where == "studies.mine"
    assert "100 texts, and there are 20" in problem.what
    assert f"in {places}" in problem.remedy
    lowered = number_in(problem.remedy, "lower texts to ")
    part = places.rpartition(".")[2]
    followed = {
        "set": {"set": {"texts": lowered}},
        "grid": {"grid": {"texts": [8, lowered]}},
        "include": {"include": [{"n": 4, "texts": lowered}]},
    }[part]
    assert not made.overlay(studies={"mine": followed}).look().problems


def test_too_few_texts_by_the_default_of_all_runs(tmp_path: Path) -> None:
    made = sweep(tmp_path, TWENTY, 100_000, mine={"grid": {"n": [2]}}).overlay(workload={"texts": 50})
    problem = only(made.look().problems)
    assert problem.what == "its run asks for 50 texts, and there are 20"
    assert "in workload.texts" in problem.remedy
    assert not made.overlay(workload={"texts": 20}).look().problems


def test_a_context_too_short_for_packed_prompts(tmp_path: Path) -> None:
    made = sweep(tmp_path, TWENTY, 1_500, mine={"set": {"texts": 20}, "grid": {"n": [2, 16, 20]}})
    problem = only(made.look().problems)
    assert "a prompt of 20 texts needs" in problem.what
    assert "the context of mine is 1,500" in problem.what
    assert "in studies.mine.grid" in problem.remedy
    largest = number_in(problem.remedy, "the largest n that fits is ")
    assert 2 < largest < 16
    assert not made.overlay(studies={"mine": {"grid": {"n": [2, largest]}}}).look().problems
    assert made.overlay(studies={"mine": {"grid": {"n": [2, largest + 1]}}}).look().problems


def test_a_text_too_long_for_any_prompt(tmp_path: Path) -> None:
    texts = [*TWENTY, "far too long " * 400]
    made = sweep(
        tmp_path, texts, 800,
        mine={"set": {"texts": 21}, "grid": {"n": [2]}, "include": [{"layout": "separate", "n": 1}]},
    )  # fmt: skip
    problem, *others = made.look().problems
    assert problem.where == "dataset"
    assert problem.what.startswith("row 21 (line 22) of texts.csv, which begins 'far too long")
    assert "the context of mine is 800" in problem.what
    cut = number_in(problem.remedy, "set workload.text_tokens: ")
    assert list(made.overlay(workload={"text_tokens": cut}).look().problems) == others, "all was said at once"
    assert [each.where for each in others] == ["studies.mine"], (
        "beside such a text there is room for no other"
    )
    made.overlay(workload={"text_tokens": cut + 1})
    assert made.look().problems[0].where == "dataset"


def test_texts_too_long_for_a_limit_of_the_user_s_own(tmp_path: Path) -> None:
    made = sweep(tmp_path, TWENTY, 1500, mine={"include": [{"layout": "separate", "n": 1, "texts": 20}]})
    made.overlay(engine={"args": {"max_model_len": 40}})
    (problem,) = made.look().problems
    enough = number_in(problem.remedy, "raise engine.args.max_model_len to ")
    assert made.overlay(engine={"args": {"max_model_len": enough - 1}}).look().problems
    assert not made.overlay(engine={"args": {"max_model_len": enough}}).look().problems


def test_several_studies_and_a_server_are_mended_by_what_is_said(tmp_path: Path) -> None:
    """As a user would who lays three lines over a study of another size."""
    made = sweep(
        tmp_path, TWENTY, 2_000,
        many={"set": {"texts": 4000}, "grid": {"n": [4, 400]}},
        packing={"grid": {"n": [4, 18], "layout": ["packed", "separate"]}},
    )  # fmt: skip
    made.overlay(serving={"studies": {"open": {"set": {"texts": 300}, "grid": {"n": [4]}}}})
    problems = {(each.where, "texts" in each.remedy): each for each in made.look().problems}
    assert set(problems) == {
        ("studies.many", True), ("studies.many", False), ("studies.packing", False), ("serving.studies.open", True),
    }  # fmt: skip
    assert problems["studies.many", False].what == (
        "a prompt takes 400 texts, and there are 20, more than the context of mine (2,000) holds in one prompt"
    )
    assert problems["serving.studies.open", True].what == "its run asks for 300 texts, and there are 20"
    n = {
        where: number_in(problem.remedy, "the largest n that fits is ")
        for (where, of_texts), problem in problems.items()
        if not of_texts
    }
    made.overlay(
        studies={
            "many": {"set": {"texts": 20}, "grid": {"n": [4, n["studies.many"]]}},
            "packing": {"grid": {"n": [4, n["studies.packing"]]}},
        },
        serving={"studies": {"open": {"set": {"texts": 20}}}},
    )
    assert not made.look().problems


def test_a_limit_of_the_user_s_own_is_to_be_raised(tmp_path: Path) -> None:
    made = sweep(tmp_path, TWENTY, 9_000, mine={"set": {"texts": 20}, "grid": {"n": [20]}})
    made.overlay(engine={"args": {"max_model_len": 1_000}})
    raised = number_in(only(made.look().problems).remedy, "raise engine.args.max_model_len to ")
    assert not made.overlay(engine={"args": {"max_model_len": raised}}).look().problems
    assert made.overlay(engine={"args": {"max_model_len": raised - 1}}).look().problems


def test_long_answers_need_room_too(tmp_path: Path) -> None:
    made = sweep(tmp_path, TWENTY, 9_000, mine={"set": {"texts": 20}, "grid": {"n": [20]}})
    made.overlay(studies={"mine": {"set": {"output_tokens_per_text": 300}}})
    largest = number_in(only(made.look().problems).remedy, "the largest n that fits is ")
    assert not made.overlay(studies={"mine": {"grid": {"n": [largest]}}}).look().problems


def test_runs_that_are_to_fit_are_left_out(tmp_path: Path) -> None:
    made = sweep(
        tmp_path, TWENTY, 1_500,
        mine={"set": {"texts": 200}, "grid": {"n": [2, 16, 64]}, "include": [{"layout": "separate", "n": 1}]},
    ).overlay(workload={"fit": True})  # fmt: skip
    found = made.look()
    assert not found.problems
    assert set(found.left_out) == {"mine/packed-n16", "mine/packed-n64"}
    assert found.left_out["mine/packed-n64"].startswith(
        "a prompt takes 64 texts, and there are 20, more than"
    )
    assert describe_fit(found).splitlines()[:2] == [
        "There are 20 texts, and runs that may take up to 200 take all of them.",
        "Left out, for they do not fit:",
    ]
    planned = as_fitted(plan_runs(made.config, tmp_path / "results", {}), found)
    assert {run.run: run.prompts for run in planned} == {"mine/packed-n2": 10, "mine/separate-n1": 20}


def test_fit_is_a_remedy(tmp_path: Path) -> None:
    made = sweep(tmp_path, TWENTY, 1_500, mine={"set": {"texts": 200}, "grid": {"n": [2, 16]}})
    assert all("or set workload.fit: true" in each.remedy for each in made.look().problems)
    assert not made.overlay(workload={"fit": True}).look().problems


def test_a_text_that_is_too_long_stays_an_error_for_runs_that_are_to_fit(tmp_path: Path) -> None:
    made = sweep(
        tmp_path, ["far too long " * 400], 800, mine={"set": {"layout": "separate"}, "grid": {"n": [1]}}
    )
    problem = only(made.overlay(workload={"fit": True}).look().problems)
    cut = number_in(problem.remedy, "set workload.text_tokens: ")
    assert not made.overlay(workload={"text_tokens": cut}).look().problems


def test_wrong_texts_and_labels_are_problems_with_their_key(tmp_path: Path) -> None:
    made = sweep(tmp_path, TWENTY, 9_000, mine={"grid": {"n": [2]}})
    assert only(made.overlay(task={"labels": ["yes", "no"]}).look().problems).where == "task.labels"
    made.overlay(task={"labels": ["good", "bad"]}, dataset={"file": {"text_column": "words"}})
    assert only(made.look().problems).where == "dataset.file.text_column"
    made.overlay(dataset={"file": {"text_column": "auto", "path": "nowhere.csv"}})
    problem = only(made.look().problems)
    assert (problem.where, problem.remedy) == ("dataset.file.path", "put it there or set the key")


def test_the_confidence_of_labels_of_several_tokens_is_no_problem(tmp_path: Path) -> None:
    made = sweep(tmp_path, TWENTY, 9_000, mine={"set": {"confidence": True}, "grid": {"n": [2]}})
    assert not made.look().problems


def test_what_is_not_here_is_not_checked_and_that_is_said(tmp_path: Path) -> None:
    made = sweep(tmp_path, TWENTY, 9_000, mine={"set": {"texts": 100}, "grid": {"n": [4, 40]}})
    made.overlay(models={"mine": {"source": "hub", "id": "nobody/nothing", "path": None}})
    found = made.look()
    assert found.notes == ("Lengths of prompts were not checked: the tokenizer of mine is not here yet.",)
    assert [each.what for each in found.problems] == [
        "2 of 2 runs ask for 100 texts, and there are 20",
        "a prompt takes 40 texts, and there are 20",
    ]
    found = made.overlay(dataset={"source": "hub", "hub": {"id": "nobody/texts"}}).look()
    assert found.notes == ("Prompts were not checked: the texts (dataset.source: hub) are not here yet.",)
    assert not found.problems


def test_the_demo_with_prompts_of_four_thousand_texts_is_refused_from_scratch(tmp_path: Path) -> None:
    """Nothing is prepared: its texts and its tokenizer are made for this."""
    made = Sweep(tmp_path).overlay(
        dataset={"source": "generated"}, task={"labels": ["positive", "negative"]}, engine={"model": "demo"},
        models={"demo": {"source": "demo"}}, studies={"mine": {"grid": {"n": [4, 4000]}}},
    )  # fmt: skip
    problem = only(made.look().problems)
    assert number_in(problem.what, "needs ") > 1_000_000
    assert "the context of demo is 16,384" in problem.what
    assert 40 < number_in(problem.remedy, "the largest n that fits is ") < 80


LONG_AND_SHORT = ["word " * 300, *TWENTY]
"""One text is too long for a context of 500 tokens, and beside others several are."""


def limited(tmp_path: Path, most: int, **study: Any) -> Sweep:
    """A model of 4,000 tokens whose runs may have ``most`` of them."""
    made = sweep(tmp_path, LONG_AND_SHORT, 4_000, mine={"set": {"texts": 21}, "grid": {"n": [4]}, **study})
    return made.overlay(engine={"args": {"max_model_len": most}})


def test_each_remedy_for_an_overlong_text_is_enough_by_itself(tmp_path: Path) -> None:
    """A longer context holds it alone and beside others: what is said does not lead to a second list."""
    made = limited(tmp_path, 500)
    alone, *packed = made.look().problems
    assert alone.where == "dataset"
    raised = number_in(alone.remedy, "raise engine.args.max_model_len to ")
    assert raised > 500
    assert all(number_in(each.remedy, "raise engine.args.max_model_len to ") == raised for each in packed)
    assert not limited(tmp_path, raised).look().problems
    assert limited(tmp_path, raised - 1).look().problems
    assert "drop what is too long and lower texts to 20" in alone.remedy
    write_texts(tmp_path / "texts.csv", TWENTY)
    made.overlay(studies={"mine": {"set": {"texts": 20}, "grid": {"n": [2]}}})
    assert not [each for each in made.look().problems if each.where == "dataset"]


def test_a_cut_leaves_room_in_the_layout_that_is_named_next(tmp_path: Path) -> None:
    made = limited(tmp_path, 500, grid={"n": [20]})
    alone, packed = made.look().problems
    made.overlay(workload={"text_tokens": number_in(alone.remedy, "set workload.text_tokens: ")})
    assert [(each.where, each.what) for each in made.look().problems] == [(packed.where, packed.what)]
    assert "set layout: separate there" in packed.remedy
    made.overlay(studies={"mine": {"set": {"layout": "separate"}, "grid": {"n": [1]}}})
    assert not made.look().problems


@pytest.mark.parametrize(
    "engine",
    [
        {"kv_cache_memory_bytes": 1 << 20},
        {"max_num_batched_tokens": 500, "max_num_seqs": 8, "extra": {"enable_chunked_prefill": False}},
    ],
    ids=["the cache holds less", "a step holds less"],
)
def test_a_context_that_cannot_be_had_is_no_remedy(tmp_path: Path, engine: dict[str, Any]) -> None:
    """Raised so far, the next list would say that the cache, or a step, is too small."""
    made = limited(tmp_path, 500).overlay(engine={"args": {**engine, "dtype": "float32"}})
    shape = {
        "model_type": "llama", "max_position_embeddings": 4_000, "hidden_size": 512, "intermediate_size": 1024,
        "num_hidden_layers": 4, "num_attention_heads": 8, "num_key_value_heads": 4, "vocab_size": 1000,
    }  # fmt: skip
    (tmp_path / "my-model/config.json").write_text(json.dumps(shape))
    found = made.look().problems
    assert found[0].where == "dataset"
    assert not [each for each in found if "raise" in each.remedy]
    assert found[0].remedy.endswith(", or take a model with a longer context")


def test_a_limit_of_a_study_is_named_where_it_stands(tmp_path: Path) -> None:
    made = limited(tmp_path, 4_000, set={"texts": 21, "engine.max_model_len": 500})
    alone, *packed = made.look().problems
    assert packed
    raised = {
        number_in(each.remedy, r"raise engine\.max_model_len in studies\.mine\.set to ")
        for each in (alone, *packed)
    }
    made.overlay(studies={"mine": {"set": {"engine.max_model_len": raised.pop()}}})
    assert not raised
    assert not made.look().problems


def test_leaving_out_all_runs_of_a_study_is_no_remedy(tmp_path: Path) -> None:
    made = sweep(tmp_path, TWENTY, 1_500, mine={"set": {"texts": 20}, "grid": {"n": [16, 20]}})
    assert "workload.fit" not in only(made.look().problems).remedy
    made.overlay(studies={"mine": {"grid": {"n": [2, 20]}}})
    assert only(made.look().problems).remedy.endswith(", or set workload.fit: true")
    assert not made.overlay(workload={"fit": True}).look().problems
    assert set(made.look().left_out) == {"mine/packed-n20"}


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ("a.b: it is wrong; correct it", Problem("a.b", "it is wrong", "correct it")),
        ("a.b: it is wrong", Problem("a.b", "it is wrong", "correct it")),
        ("no key here; correct it", Problem("dataset", "no key here", "correct it")),
        ("a: of two: parts; one; two", Problem("a", "of two: parts; one", "two")),
        ("a: wrong\nWrite:\n  b", Problem("a", "wrong", "Write:\n  b")),
    ],
)
def test_a_message_in_its_parts(message: str, problem: Problem) -> None:
    assert problem_of(UserError(message), "dataset") == problem


def test_only_the_runs_that_are_given_are_looked_at(tmp_path: Path) -> None:
    made = sweep(tmp_path, TWENTY, 1_500, mine={"set": {"texts": 20}, "grid": {"n": [2, 20]}})
    small = [run for run in made.runs if run.workload.n == 2]
    with chdir(tmp_path):
        assert prompt_problems(made.config, small, Path("results")) == []
        assert prompt_problems(made.config, [], Path("results")) == []
    assert {name_in_plan(run) for run in small} == {"mine/packed-n2"}
