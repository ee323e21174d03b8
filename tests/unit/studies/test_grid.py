"""From studies to points: grids, exceptions to them, and keys that there are not."""

import pytest
from support.studies import names, runs

from batchscope.common.errors import UserError
from batchscope.config.base_block import Scalar
from batchscope.config.configuration import load_config
from batchscope.config.documented.default_studies import default_studies
from batchscope.config.serving import default_serving_studies
from batchscope.studies.grid import expand_serving, expand_studies


def test_a_grid_is_every_combination_in_the_order_of_the_file() -> None:
    assert names(grid={"n": [4, 40], "layout": ["packed", "separate"]}) == [
        "packed-n4", "separate-n4", "packed-n40", "separate-n40",
    ]  # fmt: skip


def test_overrides_change_values_and_names_follow_layout_and_n() -> None:
    found = runs(
        set={"texts": 40},
        grid={"n": [1, 4]},
        overrides=[{"when": {"n": 1}, "set": {"layout": "separate", "measure.repeats": 7}}],
    )
    assert [(run.name, run.measure.repeats) for run in found] == [("separate-n1", 7), ("packed-n4", 3)]
    assert [run.prompts.id for run in found] == ["demo-separate-r40", "demo-packed-n4-r40"]


def test_runs_that_submit_the_same_prompts_share_them() -> None:
    found = runs(grid={"engine.max_num_seqs": [8, 16, 32]})
    assert len({run.prompts for run in found}) == 1
    assert len({run.name for run in found}) == 3


def test_the_engine_s_own_names_are_set_overridden_and_matched_by_value_not_by_spelling() -> None:
    found = runs(
        set={"engine.variables.A": 1, "engine.extra.swap_space": 2},
        grid={"engine.variables.B": [True, "2"]},
        include=[{"engine.variables.B": 0}],
        overrides=[
            {
                "when": {"engine.variables.A": "1", "engine.variables.B": 1},
                "set": {"engine.variables.C": False},
            },
            {"when": {"engine.variables.B": False}, "set": {"engine.extra.swap_space": None}},
        ],
    )
    assert [run.engine.variables for run in found] == [
        {"A": "1", "B": "1", "C": "0"}, {"A": "1", "B": "2"}, {"A": "1", "B": "0"},
    ]  # fmt: skip
    assert [run.engine.args.extra for run in found] == [{"swap_space": 2}, {"swap_space": 2}, {}]


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (
            {"grid": {"engine.extra.max_num_seqs": [1]}},
            r"studies\.mine\.grid: max_num_seqs: has a key of its own; set it there, not under 'extra'",
        ),
        (
            {"set": {"engine.extra.load_format": None}},
            r"studies\.mine\.set: load_format: has a key of its own",
        ),
        (
            {"include": [{"engine.extra.model.name": "x"}]},
            r"studies\.mine\.include: model: has a key of its own",
        ),
        ({"grid": {"engine.extra.swap-space": [1]}}, r"'swap-space' is no engine argument; .* with _"),
        ({"set": {"engine.variables.A-B": 1}, "grid": {"n": [4]}}, r"studies\.mine \(n: 4\): variables\.A-B"),
        (
            {"set": {"engine.extra.a": 3}, "include": [{"engine.extra.a.b": 1}]},
            r"engine\.extra: 'a' is 3, which holds no 'b'; write it as a mapping",
        ),
        (
            {"grid": {"engine.variables.X": [True, "1"]}},
            r"engine\.variables\.X: 1 and engine\.variables\.X: 1 are the same run; drop one",
        ),
        (
            {"grid": {"n": [4]}, "overrides": [{"when": {"engine.variables.X": 1}, "set": {"n": 5}}]},
            r"studies\.mine\.overrides: no run has engine\.variables\.X: 1",
        ),
        (
            {"grid": {key: list(range(1, 101)) for key in ("n", "texts", "duplicates", "text_tokens")}},
            r"studies\.mine: asks for 100,000,000 runs, .* 20,000 are the most; take values off its axes",
        ),
        (
            {"set": {"duplicates": 10_000_000}, "grid": {"n": [4]}},
            r"\(n: 4\): duplicates: .* equal to 10000, got",
        ),
        (
            {"set": {"duplicates": 9_999, "texts": 4_000}, "grid": {"n": [4]}},
            r"9999 times 4000 texts are 39,996,000 texts in one pass, and 10,000,000 is the most",
        ),
        (
            {"grid": {"n": [4]}, "plot": {"x": "nn"}},
            r"studies\.mine\.plot\.x: unknown key 'nn'; did you mean 'n'",
        ),
        (
            {"grid": {"n": [4, 40]}, "plot": {"baseline": 8}},
            r"studies\.mine\.plot\.baseline: no run has 8 for n or layout; name one of 4, 40, or leave it out",
        ),
        ({"grid": {"n": [4]}, "plot": {"series": "layuot"}}, r"plot\.series: .* did you mean 'layout'"),
        (
            {"set": {f"engine.extra.{key}": "x" * 60_000 for key in "ab"}, "grid": {"n": [4]}},
            r"its engine configuration takes .* bytes on a command line, .* are the most; shorten",
        ),
    ],
)
def test_a_wrong_name_or_value_is_an_error_that_says_where(keys: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        runs(**keys)


@pytest.mark.parametrize("baseline", [4, 40, "separate"])
def test_a_baseline_is_a_value_of_either_axis_of_the_plot(baseline: int | str) -> None:
    study = {"grid": {"n": [4, 40], "layout": ["packed", "separate"]}, "plot": {"baseline": baseline}}
    assert len(expand_studies(load_config({"studies": {"packing": None, "mine": study}}))) >= 4


def test_a_misspelt_study_without_runs_is_told_whose_name_it_may_be() -> None:
    config = load_config({"studies": {"packng": {"plot": {"x": "n"}}, "packing": {"grid": {"n": [4]}}}})
    with pytest.raises(
        UserError, match=r"studies\.packng: no runs; .* if you mean 'packing', correct the name"
    ):
        expand_studies(config)


def test_of_many_studies_the_largest_is_named() -> None:
    wide = {"grid": {"n": list(range(2, 150)), "duplicates": list(range(1, 90))}}
    config = load_config({"studies": {"a": wide, "b": {"grid": {"n": [4]}}, "c": wide}})
    with pytest.raises(UserError, match=r"studies\.a: asks for 13,172 runs, all studies for 26,345"):
        expand_studies(config)


@pytest.mark.parametrize(
    ("keys", "first", "second"),
    [
        ({"grid": {"n": [4, 4]}}, "n: 4", "n: 4"),
        ({"grid": {"n": [4]}, "include": [{"n": 4, "layout": "packed"}]}, "n: 4, layout: packed", "n: 4"),
        (
            {"grid": {"engine.extra.x": [None]}, "include": [{"engine.extra.x": None}]},
            "engine.extra.x: None",
            "eng",
        ),
    ],
)
def test_a_run_that_is_there_twice_is_an_error(keys: dict[str, object], first: str, second: str) -> None:
    with pytest.raises(UserError) as error:
        runs(**keys)
    assert str(error.value).startswith(f"studies.mine: {first} and {second}")
    assert str(error.value).endswith(" are the same run; drop one")


@pytest.mark.parametrize(
    ("study", "grid"),
    [
        ("decoding", {"n": [4], "answer": ["labels"]}),
        ("instruction", {"instruction": ["first"], "reuse": ["full"]}),
    ],
)
def test_a_default_study_s_baseline_need_not_be_in_the_grid_that_an_overlay_gives_it(
    study: str, grid: dict[str, list[Scalar]]
) -> None:
    """Whoever writes the grid did not write the baseline."""
    default = default_studies()[study]
    assert default is not None
    values = default.model_dump() | {"grid": grid, "include": []}
    config = load_config({"studies": {study: values}})
    assert {run.study for run in expand_studies(config)} == {study}
    values["plot"] = values["plot"] | {"baseline": "json"}
    with pytest.raises(UserError, match=rf"studies\.{study}\.plot\.baseline: no run has json"):
        expand_studies(load_config({"studies": {study: values}}))


@pytest.mark.parametrize("limits", [[1], [1, 4], [64]])
def test_a_default_study_s_exceptions_need_not_hold_in_the_grid_that_an_overlay_gives_it(
    limits: list[Scalar],
) -> None:
    default = default_serving_studies()["closed_loop"]
    assert default is not None
    values = default.model_dump() | {"grid": {"load.max_concurrency": limits}, "include": []}
    config = load_config({"serving": {"studies": {"closed_loop": values}}})
    assert len([run for run in expand_serving(config) if run.study == "closed_loop"]) == len(limits)
    values["overrides"] = [{"when": {"load.max_concurrency": 7}, "set": {"load.requests": 70}}]
    with pytest.raises(UserError, match=r"closed_loop\.overrides: no run has load\.max_concurrency: 7"):
        expand_serving(load_config({"serving": {"studies": {"closed_loop": values}}}))
