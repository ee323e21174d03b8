"""What a prompt set depends on."""

import pytest
from support.studies import study

from batchscope.common.canonical_json import canonical_json
from batchscope.config.configuration import load_config
from batchscope.studies.grid import expand_studies
from batchscope.studies.prompt_spec import prompt_spec, room_of

STUDIES = {"mine": {"set": {"texts": 40}, "grid": {"n": [4, 8]}}}


def spec(values: dict) -> str:
    """Of the prompts with four texts each."""
    dropped = dict.fromkeys(load_config({}).studies)
    config = load_config({"studies": {**dropped, **STUDIES}, **values})
    runs = expand_studies(config)
    return canonical_json(prompt_spec(runs[0].prompts, runs, config))


GIVEN = {"prompts": {"packed": "{texts}: which label?"}}


@pytest.mark.parametrize(
    "values",
    [
        {"task": {"instruction": "Which?"}},
        {"task": {"labels": ["a", "b"]}},
        {"task": {"examples": [{"text": "Good", "label": "positive"}]}},
        {"prompts": {"separator": "; "}},
        {"prompts": {"chat": "off"}},
        {"prompts": {"system": "Be brief."}},
        {"engine": {"args": {"max_model_len": 512}}},
        {"engine": {"args": {"extra": {"hf_overrides": {"max_position_embeddings": 512}}}}},
        GIVEN,
    ],
)
def test_what_decides_the_prompts_is_part_of_it(values: dict) -> None:
    assert spec(values) != spec({})


@pytest.mark.parametrize(
    "values",
    [
        {"prompts": {"separate": "{text}?"}},
        {"prompts": {"packed_first": "Which? {texts}"}},
        {"engine": {"args": {"max_num_seqs": 4}}},
        {"measure": {"repeats": 5}},
    ],
)
def test_what_decides_other_things_is_not(values: dict) -> None:
    assert spec(values) == spec({})


def test_a_given_wording_depends_on_the_labels_names_alone() -> None:
    said = {"instruction": "Which?", "labels": [{"name": "positive", "description": "praise"}, "negative"]}
    assert spec({**GIVEN, "task": said}) == spec(GIVEN)
    assert spec({**GIVEN, "task": {"labels": ["good", "bad"]}}) != spec(GIVEN)


def test_the_contexts_of_all_runs_that_share_the_prompts_are_told() -> None:
    config = study(
        set={"texts": 40}, grid={"engine.max_model_len": [None, 8192, 4096], "engine.max_num_seqs": [1, 2]}
    )
    runs = expand_studies(config)
    assert prompt_spec(runs[0].prompts, runs, config)["engines"] == [
        {"max_model_len": 4096}, {"max_model_len": 8192}, {},
    ]  # fmt: skip


def test_where_runs_are_to_fit_the_length_of_their_answers_is_told_too() -> None:
    config = study(
        set={"texts": 40, "fit": True},
        grid={
            "answer": ["free", "labels"],
            "engine.max_model_len": [None, 4096],
            "engine.max_num_seqs": [1, 2],
        },
    )
    runs = expand_studies(config)
    asked = prompt_spec(runs[0].prompts, runs, config)["engines"]
    assert len(asked) == 4
    assert {(each["workload"]["answer"], each.get("max_model_len")) for each in asked} == {
        ("free", None), ("free", 4096), ("labels", None), ("labels", 4096),
    }  # fmt: skip
    assert all(room_of(run.workload, run.engine.args.as_vllm()) in asked for run in runs)
