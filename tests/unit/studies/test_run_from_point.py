"""One run of a study: the configuration's blocks with the study's values laid over them."""

import pytest
from support.studies import runs, study

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.run_spec import run_spec


@pytest.mark.parametrize(
    ("axis", "values", "args"),
    [
        ("enable_chunked_prefill", [True, False], [True, False]),
        ("long_prefill_token_threshold", [256, None], [256, ...]),
        ("scheduling_policy", ["fcfs", "priority", None], ["fcfs", "priority", ...]),
        ("swap_space", [0, 0.5], [0, 0.5]),
    ],
)
def test_any_engine_argument_is_an_axis(axis: str, values: list[object], args: list[object]) -> None:
    found = runs(grid={f"engine.extra.{axis}": values})
    assert [run.engine.args.as_vllm().get(axis, ...) for run in found] == args
    assert len({run.name for run in found}) == len(values)


def test_an_argument_s_own_keys_are_axes_too() -> None:
    plain = {"args": {"extra": {"compilation_config": {"mode": 3, "pass_config": {"fuse_norm_quant": True}}}}}
    key = "engine.extra.compilation_config.pass_config"
    found = runs(
        engine=plain,
        set={"engine.extra.compilation_config.mode": None},
        grid={f"{key}.fuse_allreduce_rms": [False, None], f"{key}.fuse_norm_quant": [True, None]},
    )
    assert [run.engine.args.extra for run in found] == [
        {"compilation_config": {"pass_config": {"fuse_norm_quant": True, "fuse_allreduce_rms": False}}},
        {"compilation_config": {"pass_config": {"fuse_allreduce_rms": False}}},
        {"compilation_config": {"pass_config": {"fuse_norm_quant": True}}},
        {},
    ]
    assert plain["args"]["extra"]["compilation_config"]["mode"] == 3, "the configuration stays as it is"


@pytest.mark.parametrize(
    ("values", "variables"),
    [
        ([True, False, None], [{"X": "1"}, {"X": "0"}, {}]),
        ([4, 2.5, "spread"], [{"X": "4"}, {"X": "2.5"}, {"X": "spread"}]),
        (["true", ""], [{"X": "true"}, {"X": ""}]),
    ],
)
def test_any_variable_of_the_engine_is_an_axis(values: list[object], variables: list[dict[str, str]]) -> None:
    found = runs(grid={"engine.variables.X": values})
    assert [run.engine.variables for run in found] == variables
    assert len({run.name for run in found}) == len(values)


def test_what_the_engine_block_sets_stays_unless_a_study_sets_the_same_name() -> None:
    plain = {
        "args": {"extra": {"swap_space": 2, "stream_interval": 8, "api_server_count": 1}},
        "variables": {"KEPT": "a", "CHANGED": "b", "REMOVED": "c"},
    }
    (run,) = runs(
        engine=plain,
        include=[{
            "engine.extra.swap_space": 4, "engine.extra.api_server_count": None,
            "engine.variables.CHANGED": 7, "engine.variables.REMOVED": None, "engine.variables.ADDED": True,
        }],
    )  # fmt: skip
    assert run.engine.args.extra == {"swap_space": 4, "stream_interval": 8}
    assert run.engine.variables == {"KEPT": "a", "CHANGED": "7", "ADDED": "1"}


def test_a_run_s_specification_holds_them_as_the_plain_block_would() -> None:
    asked = study(grid={"n": [4], "engine.extra.swap_space": [4], "engine.variables.X": [True]})
    plain = study(engine={"args": {"extra": {"swap_space": 4}}, "variables": {"X": "1"}}, grid={"n": [4]})
    spec, same = (run_spec(expand_studies(config)[0], config, {}) for config in (asked, plain))
    assert spec == same
    assert (spec["engine"]["args"]["swap_space"], spec["engine"]["variables"]) == (4, {"X": "1"})


def test_studies_of_the_server_have_them_too() -> None:
    grid = {"engine.extra.api_server_count": [1, 2], "engine.variables.VLLM_X": [None, True]}
    config = load_config({"serving": {"studies": {"mine": {"grid": {**grid, "load.request_rate": [5]}}}}})
    found = [run for run in expand_serving(config) if run.study == "mine"]
    assert [(run.engine.args.extra["api_server_count"], run.engine.variables) for run in found] == [
        (1, {}), (1, {"VLLM_X": "1"}), (2, {}), (2, {"VLLM_X": "1"}),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"include": [{"n": "many"}]}, r"^studies\.mine \(n: many\): n: .*, got 'many'$"),
        ({"include": [{"reuse": "full", "engine.enable_prefix_caching": False}]}, "drop that key$"),
        ({"include": [{"engine.model": "hermes"}]}, "engine.model: no 'hermes'; there are demo$"),
        ({"include": [{"engine.environment": "tpu"}]}, "engine.environment: no 'tpu'; there are cpu, cuda$"),
        (
            {"include": [{"engine.environment": "cuda"}]},
            r"needs 1 GPU\(s\) and 'gpus' allows 0; raise 'gpus'",
        ),
        (
            {"include": [{"texts": 4001}]},
            "texts: 4001 asked, dataset.generated.texts makes 4000; raise",
        ),
    ],
)
def test_values_that_do_not_fit_name_the_study_the_point_and_the_key(
    keys: dict[str, object], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        runs(**keys)


def test_reuse_turns_the_prefix_cache_on() -> None:
    found = runs(grid={"reuse": ["none", "full"]})
    assert [run.engine.args.enable_prefix_caching for run in found] == [False, True]
