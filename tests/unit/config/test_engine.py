"""The engine's block: arguments under vLLM's names, and environment variables as text."""

import json

import jsonschema
import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.documented.documentation import json_schema
from batchscope.config.engine import Engine, EngineArguments, variable_text
from batchscope.studies.grid import expand_studies


def test_null_keeps_the_default_of_vllm() -> None:
    arguments = EngineArguments(max_num_seqs=None, extra={"swap_space": 4, "other": None})
    assert arguments.as_vllm() == {"swap_space": 4}
    assert arguments == EngineArguments(extra={"swap_space": 4}), "what is left to vLLM is not said twice"


OFF, ON = ({"pass_config": {"fuse_allreduce_rms": value}} for value in (False, True))


@pytest.mark.parametrize(
    ("gpus", "asked", "given"),
    [
        (None, None, None),
        (1, {"cudagraph_mode": "NONE"}, {"cudagraph_mode": "NONE"}),
        (2, None, OFF),
        (2, {"cudagraph_mode": "NONE"}, {"cudagraph_mode": "NONE", **OFF}),
        (2, {"pass_config": {"fuse_norm_quant": True}}, {"pass_config": {"fuse_norm_quant": True, "fuse_allreduce_rms": False}}),
        (2, {"pass_config": None}, OFF),
        (2, ON, ON),
        (2, 3, {"mode": 3, **OFF}),
        (2, "3", "3"),
    ],
)  # fmt: skip
def test_gpus_that_share_a_model_do_not_fuse_their_sums_unless_asked(
    gpus: int | None, asked: object, given: object
) -> None:
    extra = {} if asked is None else {"compilation_config": asked}
    arguments = EngineArguments(tensor_parallel_size=gpus, extra=extra)
    assert arguments.as_vllm().get("compilation_config") == given
    assert arguments.extra == extra, "what the user wrote stays"


@pytest.mark.parametrize("name", ["max_num_seqs", "tokenizer", "load_format"])
def test_an_argument_with_a_key_of_its_own_is_not_taken_under_extra(name: str) -> None:
    with pytest.raises(UserError, match=f"engine.args.extra: {name}: has a key of its own; set it there"):
        load_config({"engine": {"args": {"extra": {name: None}}}})


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "1"), (False, "0"), (1, "1"), (0, "0"), (40_000_000_000, "40000000000"), (0.25, "0.25"), (2.0, "2.0"),
        ("true", "true"), ("", ""), ("a b", "a b"), (None, None),
    ],
)  # fmt: skip
def test_a_variable_is_text(value: object, text: str | None) -> None:
    assert variable_text(value) == text  # type: ignore[arg-type]
    assert Engine.model_validate({"variables": {"X": value}}).variables == (
        {} if text is None else {"X": text}
    )


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"VLLM-X": 1}, "engine.variables.VLLM-X"),
        ({"A=B": "1"}, "engine.variables.A=B"),
        ({"1X": "1"}, "engine.variables.1X"),
        ({"X": [1]}, r"engine.variables.X: Input should be a valid string, got \[1\]"),
        ({"X": {"y": 1}}, "engine.variables.X: Input should be a valid string"),
        (["X"], "engine.variables: must be keys with values"),
    ],
)
def test_what_no_environment_can_hold_is_refused(variables: object, words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"engine": {"variables": variables}})


@pytest.mark.parametrize("name", ["CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"])
@pytest.mark.parametrize("value", [0, "1", "", True])
def test_which_gpu_an_engine_uses_is_not_a_variable_of_it(name: str, value: object) -> None:
    for values in (
        {"engine": {"variables": {name: value}}},
        {"studies": {"s": {"set": {f"engine.variables.{name}": value}, "grid": {"n": [4]}}}},
        {"studies": {"s": {"grid": {f"engine.variables.{name}": [value]}}}},
    ):
        with pytest.raises(UserError, match=f"{name}: the workflow sets it.*remove it here"):
            expand_studies(load_config(values))
    expand_studies(load_config({"engine": {"variables": {name: None}}}))


def test_the_schema_takes_every_scalar_for_a_variable_and_nothing_else() -> None:
    schema = json.loads(json_schema())
    jsonschema.validate({"engine": {"variables": {"A": True, "B": 1, "C": 0.5, "D": "x", "E": None}}}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"engine": {"variables": {"A": [1]}}}, schema)
