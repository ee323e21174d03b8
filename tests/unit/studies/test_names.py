"""Names of runs: short, legal as folders, and different wherever runs are."""

import json

import pytest
from support.project import ROOT
from support.studies import DEFAULT, names, shipped

from batchscope.config.configuration import load_config
from batchscope.studies.axes import Point
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.names import LONGEST, distinct


def test_names_are_short_and_tell_runs_apart() -> None:
    assert names(
        set={"texts": 100},
        grid={"engine.max_num_batched_tokens": [None, 80000], "engine.kv_cache_dtype": ["auto", "fp8"]},
    ) == [
        "packed-n4-batcheddefault-kv_cache_dtype-auto", "packed-n4-batcheddefault-kv_cache_dtype-fp8",
        "packed-n4-batched80000-kv_cache_dtype-auto", "packed-n4-batched80000-kv_cache_dtype-fp8",
    ]  # fmt: skip
    assert names(grid={"n": [4]}, include=[{"n": 4, "texts": 40}]) == ["packed-n4", "packed-n4-r40"]
    assert names(grid={"engine.attention_backend": ["A B/../c"]}) == ["packed-n4-attention_backend-A_B_.._c"]


def test_names_of_the_engine_s_own_settings() -> None:
    assert names(grid={"engine.extra.enable_chunked_prefill": [True], "engine.variables.VLLM_USE_X": [True, None]}) == [
        "packed-n4-chunked_prefill-True-USE_X-1", "packed-n4-chunked_prefill-True-USE_X-default",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "keys",
    [
        {"grid": {"engine.quantization": ["a/b", "a_b"]}},
        {"grid": {"engine.quantization": ["FP8", "fp8", "Fp8"]}},
        {"grid": {"engine.quantization": ["x.", "x", "x.."]}},
        {"grid": {"engine.quantization": ["é", "è"]}},
        {"grid": {"engine.extra.x": [1, "1"]}},
        {"grid": {"engine.extra.x": [None, "default"]}},
        {"grid": {"engine.extra.x": [True, "True", "true"]}},
        {"grid": {"engine.extra.x": [1]}, "include": [{"engine.variables.x": 1}]},
        {"include": [{"engine.extra.enable_x": True}, {"engine.extra.x": True}]},
        {"include": [{"engine.environment": "cpu"}, {"engine.quantization": "cpu"}]},
    ],
)
def test_runs_that_differ_have_folders_that_differ_on_any_file_system(keys: dict[str, object]) -> None:
    found = names(**keys)
    assert len({name.casefold().rstrip(".") for name in found}) == len(found) > 1
    assert all(name.startswith("packed-n4-") and name.isascii() and "/" not in name for name in found)


def test_hashes_grow_where_their_first_digits_are_alike() -> None:
    """Of 20,000 points with one name, some have the same first six digits."""
    points: list[Point] = [{"engine.extra.x": f"{'é' * 3}{number}é"} for number in range(20_000)]
    found = distinct(["packed-n4-x-_"] * len(points), points)
    assert len(set(found)) == len(points)
    assert sorted({len(name) for name in found}) == [
        len("packed-n4-x-_-012345"),
        len("packed-n4-x-_-0123456789abcdef"),
    ]
    assert distinct(["packed-n4-x-_"] * 2, points[:2]) == found[:2]


def test_a_name_that_looks_like_one_with_a_hash_is_told_apart() -> None:
    hashed = distinct(["a", "a"], [{"n": 1}, {"n": 2}])
    found = distinct(["a", "a", hashed[0]], [{"n": 1}, {"n": 2}, {"n": 3}])
    assert len(set(found)) == 3


@pytest.mark.parametrize("name", ["x.a", "a.b.c", "qwen2.5", "8b_v1.5-x"])
def test_a_study_s_name_may_hold_dots(name: str) -> None:
    other = name.rpartition(".")[2]
    studies = {name: {"grid": {"n": [4]}}, other: {"grid": {"n": [4]}}}
    config = load_config(
        {
            "studies": dict.fromkeys(DEFAULT.studies) | studies,
            "serving": {"studies": {name: {"grid": {"n": [4]}}}},
        }
    )
    assert [run.id for run in expand_studies(config)] == [f"{each}/packed-n4" for each in studies]
    assert f"{name}/packed-n4" in [run.id for run in expand_serving(config)]


def test_a_hash_stands_only_where_it_is_needed_and_does_not_depend_on_the_order() -> None:
    found = names(grid={"engine.quantization": ["a/b", "c", "a_b"]})
    assert found[1] == "packed-n4-c"
    assert [len(name) for name in (found[0], found[2])] == [len("packed-n4-a_b-012345")] * 2
    assert names(grid={"engine.quantization": ["a_b", "a/b"]}) == [found[2], found[0]]
    assert names(grid={"engine.quantization": ["a/b"]}) == ["packed-n4-a_b"]


def test_a_long_value_is_cut_and_has_a_hash() -> None:
    long = [f"{'x' * length}{end}" for length in (60, 150, 5000) for end in "ab"]
    found = names(grid={"engine.extra.override_generation_config": long})
    assert found[0] == f"packed-n4-override_generation_config-{'x' * 60}a"
    assert len({name.casefold() for name in found}) == len(long)
    assert max(map(len, found)) == LONGEST


def test_names_of_shipped_studies_are_what_they_were() -> None:
    """Results are found by these: a name that changes leaves a measurement behind and takes a new one."""
    expected = json.loads((ROOT / "tests/unit/studies/names_of_shipped_studies.json").read_text())
    overlays = {
        "config.yaml": (),
        "configs/ci.yaml": ("configs/ci.yaml",),
        "configs/hermes-8b.yaml": ("configs/hermes-8b.yaml",),
        "configs/half-hour.yaml": ("configs/hermes-8b.yaml", "configs/half-hour.yaml"),
        "configs/precision.yaml": (
            "configs/hermes-8b.yaml",
            "configs/half-hour.yaml",
            "configs/precision.yaml",
        ),
    }
    configs = {name: shipped(*paths) for name, paths in overlays.items()}
    assert expected == {
        name: [run.id for run in (*expand_studies(config), *expand_serving(config))]
        for name, config in configs.items()
    }
