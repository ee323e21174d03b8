"""Engine arguments that vLLM would refuse; each remedy is followed."""

import pytest
from support.shapes import HERMES
from support.situations import engine, hermes, of_version, problem, situation

from batchscope.planning.checks.engine_arguments import check, undivided
from batchscope.planning.problems import Unchecked


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("max_seq_len", "engine.args.max_model_len"),
        ("enable_chunked_prefil", "engine.args.extra.enable_chunked_prefill"),
        ("compile_config", "engine.args.extra.compilation_config"),
    ],
)
def test_an_unknown_argument_is_named_with_the_one_that_is_meant(wrong: str, right: str) -> None:
    found = problem(list(check(situation(engine(extra={wrong: 1})))))
    assert found.where == f"engine.args.extra.{wrong}"
    assert found.remedy == f"write {right}, or drop it"
    *_, name = right.split(".")
    assert not list(check(situation(engine(**({name: 1} if "extra" not in right else {"extra": {name: 1}})))))


def test_an_argument_like_nothing_is_to_be_dropped_and_one_of_a_study_is_named_there() -> None:
    studies = {"studies": {"mine": {"grid": {"n": [4], "engine.extra.zzzzz": [1, 2]}}}}
    found = list(check(situation(studies)))
    assert {each.where for each in found} == {"studies.mine: engine.extra.zzzzz"}
    assert {each.remedy for each in found} == {"drop it"}


def test_steps_hold_no_fewer_tokens_than_requests() -> None:
    found = problem(list(check(situation(engine(max_num_batched_tokens=64, max_num_seqs=256)))))
    assert found.where == "engine.args.max_num_batched_tokens"
    for right in (
        {"max_num_batched_tokens": 256, "max_num_seqs": 256},
        {"max_num_batched_tokens": 64, "max_num_seqs": 64},
    ):
        assert not list(check(situation(engine(**right))))
    assert "raise it to 256" in found.remedy
    assert "max_num_seqs: 64" in found.remedy


def test_a_prompt_that_may_not_be_split_fits_into_a_step() -> None:
    whole = {"extra": {"enable_chunked_prefill": False}}
    found = problem(list(check(situation(engine(max_num_batched_tokens=64, **whole)))))
    assert "max_model_len: 16384" in found.what, "the demo's own"
    assert found.remedy.startswith("raise it to 16384")
    assert not list(check(situation(engine(max_num_batched_tokens=16384, **whole))))
    assert not list(check(situation(engine(max_num_batched_tokens=64))))


def test_heads_are_spread_evenly(tmp_path) -> None:
    overlay = hermes(tmp_path / "model")
    overlay["engine"]["args"]["tensor_parallel_size"] = 5
    found = problem(list(check(situation(overlay))))
    assert found.remedy == "set it to 4"
    overlay["engine"]["args"]["tensor_parallel_size"] = 4
    assert not list(check(situation(overlay)))


@pytest.mark.parametrize(
    ("wrong", "where", "remedy", "right"),
    [
        ({"quantization": "fp-8"}, "quantization", "set it to fp8", {"quantization": "fp8"}),
        ({"quantization": "FP8"}, "quantization", "set it to fp8", {"quantization": "fp8"}),
        ({"quantization": ""}, "quantization", "set it to null, or to one of", {"quantization": None}),
        ({"kv_cache_dtype": "fp9"}, "kv_cache_dtype", "set it to fp8", {"kv_cache_dtype": "fp8_e5m2"}),
        ({"attention_backend": "flashinfr"}, "attention_backend", "set it to FLASHINFER", {"attention_backend": "flashinfer"}),
        ({"attention_backend": "none"}, "attention_backend", "set it to", {"attention_backend": "Auto"}),
    ],
)  # fmt: skip
def test_a_name_that_vllm_does_not_have(wrong: dict, where: str, remedy: str, right: dict) -> None:
    found = problem(list(check(situation(engine(**wrong)))))
    assert found.where == f"engine.args.{where}"
    assert found.remedy.startswith(remedy)
    assert not list(check(situation(engine(**right))))


@pytest.mark.parametrize(
    ("wrong", "where", "remedy", "right"),
    [
        ({"cudagraph_mode": "PIECWISE"}, ".cudagraph_mode", "set it to PIECEWISE", {"cudagraph_mode": "piecewise"}),
        ({"cudagraph_mod": "NONE"}, "", "write cudagraph_mode, or drop it", {"cudagraph_mode": "NONE"}),
        ({"zzzz": 1}, "", "drop it", {"cudagraph_mode": 0}),
        ({"pass_config": {"fuse_norm": True}}, ".pass_config", "write fuse_norm_quant, or drop it", {"pass_config": {"fuse_norm_quant": True}}),
    ],
)  # fmt: skip
def test_what_compilation_does_not_have(wrong: dict, where: str, remedy: str, right: dict) -> None:
    found = problem(list(check(situation(engine(extra={"compilation_config": wrong})))))
    assert found.where == f"engine.args.extra.compilation_config{where}"
    assert found.remedy == remedy
    for fits in (right, 0, {}):
        assert not list(check(situation(engine(extra={"compilation_config": fits}))))


def test_settings_of_newer_versions_are_not_asked_of_an_older_one(tmp_path) -> None:
    """What an environment's own source lists decides: no table of versions is kept."""
    older = of_version(tmp_path, "0.18.1")
    source = tmp_path / "lib" / "python3.11" / "site-packages" / "vllm"
    for name, content in {
        "model_executor/layers/quantization/__init__.py": 'QuantizationMethods = Literal["fp8"]',
        "config/cache.py": 'CacheDType = Literal["auto", "fp8"]',
        "envs.py": 'environment_variables = {"VLLM_USE_V2_MODEL_RUNNER": None}',
    }.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(content)
    overlay = {**hermes(tmp_path / "model"), **older}
    overlay["engine"]["args"] |= {"quantization": "int8_per_channel_weight_only", "kv_cache_dtype": "nvfp4"}
    overlay["engine"] |= {"variables": {"VLLM_USE_V2_MODEL_RUNNER": "1", "VLLM_NEW": "1"}}
    found = [str(each) for each in check(situation(overlay)) if not isinstance(each, Unchecked)]
    assert found == [
        "engine.args.quantization: vLLM 0.18.1 has no 'int8_per_channel_weight_only'; set it to null, or to one of fp8",
        "engine.args.kv_cache_dtype: vLLM 0.18.1 has no 'nvfp4'; set it to null, or to one of auto, fp8",
    ]
    (unsure,) = [each for each in check(situation(overlay)) if isinstance(each, Unchecked)]
    assert unsure.where == "engine.variables.VLLM_NEW"


def test_a_slip_in_a_variable_is_told_and_one_that_vllm_may_read_elsewhere_is_no_problem() -> None:
    def found(name: str) -> list:
        return list(check(situation({"engine": {"variables": {name: "0"}}})))

    assert problem(found("VLLM_USE_V2_MODEL_RUNER")).remedy == "write VLLM_USE_V2_MODEL_RUNNER, or drop it"
    assert not found("VLLM_USE_V2_MODEL_RUNNER")
    assert not found("OMP_NUM_THREADS")
    # this one vLLM reads without listing it
    assert [type(each) for each in found("VLLM_CUSTOM_ALLREDUCE_ALGO")] == [Unchecked]


def test_a_switch_is_neither_text_nor_a_number() -> None:
    for wrong, remedy in (("True", "write true without them"), (0, "write false"), (1, "write true")):
        found = problem(list(check(situation(engine(extra={"disable_cascade_attn": wrong})))))
        assert found.remedy == remedy
    assert not list(check(situation(engine(extra={"disable_cascade_attn": True}))))


def cascade(tmp_path, version: str, variables: dict[str, str] | None = None, **more):
    """An overlay that asks for cascade attention of an environment with this vLLM."""
    overlay = {**hermes(tmp_path / "model"), **of_version(tmp_path, version)}
    overlay["engine"] |= {"variables": variables or {}}
    overlay["engine"]["args"]["extra"] = {"disable_cascade_attn": False}
    return {**overlay, **more}


RUNNER_V1 = {"VLLM_USE_V2_MODEL_RUNNER": "0"}


@pytest.mark.parametrize("version", ["0.26.0", "0.31.0"])
def test_cascade_attention_wants_runner_v1(tmp_path, version: str) -> None:
    found = problem(list(check(situation(cascade(tmp_path / "a", version)))))
    assert found.where == "engine.args.extra.disable_cascade_attn"
    assert "model runner V2, the default" in found.what
    assert "set engine.variables.VLLM_USE_V2_MODEL_RUNNER: 0" in found.remedy
    assert not list(check(situation(cascade(tmp_path / "b", version, RUNNER_V1))))


@pytest.mark.parametrize("version", ["0.32.0", "0.33.0", "1.0.0"])
def test_versions_without_cascade_attention_are_named(tmp_path, version: str) -> None:
    found = problem(list(check(situation(cascade(tmp_path, version, RUNNER_V1)))))
    assert f"no effect in vLLM {version}" in found.what
    assert "0.26 to 0.31" in found.remedy


def test_cascade_attention_has_no_effect_on_cpu_and_nobody_counts_it_in_a_server(tmp_path) -> None:
    found = problem(list(check(situation(engine(extra={"disable_cascade_attn": False})))))
    assert "no effect on CPU" in found.what
    assert not list(check(situation(engine(extra={"disable_cascade_attn": True}))))
    serving = {"studies": {"mine": {"set": {"n": 4}, "grid": {"load.request_rate": [20]}}}}
    overlay = cascade(tmp_path, "0.26.0", RUNNER_V1, serving=serving)
    assert "offline runs alone" in problem(list(check(situation(overlay)))).what


@pytest.mark.parametrize(
    ("gpus", "changed", "parts"),
    [
        (1, {"num_attention_heads": 7}, []),
        (2, {}, []),
        (8, {}, []),
        (16, {}, []),
        (3, {}, ["32 attention heads", "8 KV heads", "MLP's width of 14,336"]),
        (6, {"num_attention_heads": 24, "intermediate_size": 12_288}, ["8 KV heads"]),
        (6, {"num_attention_heads": 24, "num_key_value_heads": 4, "intermediate_size": 12_288}, ["4 KV heads"]),
        (6, {"num_attention_heads": 24, "num_key_value_heads": 3, "intermediate_size": 12_288}, []),
        (4, {"vocab_size": 50_257}, []),
        (5, {"num_attention_heads": 40, "num_key_value_heads": 5, "intermediate_size": 13_824}, ["MLP's width of 13,824", "vocabulary of 128,256 (padded)"]),
        (3, {"model_type": "another"}, ["32 attention heads"]),
        (3, {"num_attention_heads": None, "num_key_value_heads": None, "intermediate_size": None, "vocab_size": None}, []),
    ],
)  # fmt: skip
def test_what_cannot_be_spread_is_named(gpus: int, changed: dict, parts: list[str]) -> None:
    assert undivided({"model_type": "llama", **HERMES, **changed}, gpus) == parts
