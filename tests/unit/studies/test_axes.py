"""Which keys a study may set, and what an unknown one was probably meant to be."""

import pytest

from batchscope.studies.axes import AXES, SERVING_AXES, place_of


@pytest.mark.parametrize(
    ("key", "place"),
    [
        ("n", ("workload", "n")),
        ("answer", ("workload", "answer")),
        ("decoding", ("workload", "answer")),  # its first name
        ("engine.dtype", ("engine.args", "dtype")),
        ("engine.model", ("engine", "model")),
        ("measure.repeats", ("measure", "repeats")),
        ("engine.extra.swap_space", ("engine.args.extra", "swap_space")),
        ("engine.extra.compilation_config.mode", ("engine.args.extra", "compilation_config.mode")),
        ("engine.variables.VLLM_X", ("engine.variables", "VLLM_X")),
    ],
)
def test_a_key_s_place(key: str, place: tuple[str, str]) -> None:
    assert place_of(key, AXES) == place
    if not key.startswith("measure."):
        assert place_of(key, SERVING_AXES) == place


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("engine.max_num_seq", "engine.max_num_seqs"),
        ("engine.args.max_num_seqs", "engine.max_num_seqs"),
        ("engine.enable_chunked_prefill", "engine.extra.enable_chunked_prefill"),
        ("engine.args.extra.swap_space", "engine.extra.swap_space"),
        ("engine.extras.swap_space", "engine.extra.swap_space"),
        ("engine.variable.VLLM_USE_V2_MODEL_RUNNER", "engine.variables.VLLM_USE_V2_MODEL_RUNNER"),
        ("engine.VLLM_USE_V2_MODEL_RUNNER", "engine.variables.VLLM_USE_V2_MODEL_RUNNER"),
        ("measure.repeat", "measure.repeats"),
        ("duplicate", "duplicates"),
    ],
)
def test_an_unknown_key_comes_with_the_nearest(key: str, meant: str) -> None:
    with pytest.raises(ValueError, match=f"^unknown key '{key}'; did you mean '{meant}'"):
        place_of(key, AXES)


@pytest.mark.parametrize("key", ["batch", "x.y.z", ""])
def test_a_key_that_is_like_no_other_comes_with_all(key: str) -> None:
    with pytest.raises(ValueError, match=f"^unknown key '{key}'; known keys: layout, n, ") as error:
        place_of(key, AXES)
    assert str(error.value).endswith("measure.telemetry, engine.extra.<argument>, engine.variables.<NAME>")


@pytest.mark.parametrize("key", ["engine.extra.", "engine.variables.", "engine.extra.a..b", "engine.extra"])
def test_a_key_without_a_name_is_unknown(key: str) -> None:
    with pytest.raises(ValueError, match=f"^unknown key '{key}'; did you mean 'engine"):
        place_of(key, AXES)


def test_a_study_of_the_server_has_a_load_and_no_passes() -> None:
    assert place_of("load.request_rate", SERVING_AXES) == ("serving.load", "request_rate")
    with pytest.raises(ValueError, match=r"unknown key 'measure\.repeats'"):
        place_of("measure.repeats", SERVING_AXES)
    with pytest.raises(ValueError, match=r"unknown key 'load\.request_rate'"):
        place_of("load.request_rate", AXES)
