"""Configuration and runs: files that cannot drift from the models, grids, names, and what makes a run stale."""

import ast
import json
import sys

import jsonschema
import pytest
import yaml
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.documentation import default_yaml, json_schema
from batchscope.config.engine import EngineArguments
from batchscope.studies.grid import expand_studies
from batchscope.studies.spec import canonical_json, run_spec


def study(**keys):
    return load_config({"studies": {"packing": None, "saturation": None, "mine": keys}})


def names(**keys):
    return [run.name for run in expand_studies(study(**keys))]


def test_generated_files_are_up_to_date() -> None:
    assert (ROOT / "config.yaml").read_text() == default_yaml(), "run `make config`"
    assert (ROOT / "config.schema.json").read_text() == json_schema(), "run `make config`"


def test_the_default_file_says_what_the_models_say() -> None:
    assert load_config(yaml.safe_load(default_yaml())) == load_config({})


@pytest.mark.parametrize(
    "path", ["config.yaml", "configs/ci.yaml", "configs/half-hour.yaml", "configs/hermes-8b.yaml"]
)
def test_shipped_files_fit_the_schema_and_the_models(path: str) -> None:
    values = yaml.safe_load((ROOT / path).read_text())
    jsonschema.validate(values, json.loads(json_schema()))
    assert expand_studies(load_config(values)) if path == "config.yaml" else load_config({**values})


def test_the_schema_refuses_what_the_models_refuse() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"engine": {"args": {"max_num_batch_tokens": 1}}}, json.loads(json_schema()))


def test_a_grid_is_every_combination_in_the_order_of_the_file() -> None:
    assert names(grid={"n": [4, 40], "layout": ["packed", "separate"]}) == [
        "packed-n4", "separate-n4", "packed-n40", "separate-n40",
    ]  # fmt: skip


def test_names_are_short_and_tell_runs_apart() -> None:
    assert names(
        set={"reviews": 100},
        grid={"engine.max_num_batched_tokens": [None, 80000], "engine.kv_cache_dtype": ["auto", "fp8"]},
    ) == [
        "packed-n4-batcheddefault-kv_cache_dtype-auto", "packed-n4-batcheddefault-kv_cache_dtype-fp8",
        "packed-n4-batched80000-kv_cache_dtype-auto", "packed-n4-batched80000-kv_cache_dtype-fp8",
    ]  # fmt: skip
    assert names(grid={"n": [4]}, include=[{"n": 4, "reviews": 40}]) == ["packed-n4", "packed-n4-r40"]
    assert names(grid={"engine.attention_backend": ["A B/../c"]}) == ["packed-n4-attention_backend-A_B_.._c"]


def test_overrides_change_values_and_names_follow_layout_and_n() -> None:
    runs = expand_studies(
        study(
            set={"reviews": 40},
            grid={"n": [1, 4]},
            overrides=[{"when": {"n": 1}, "set": {"layout": "separate", "measure.repeats": 7}}],
        )
    )
    assert [(run.name, run.measure.repeats) for run in runs] == [("separate-n1", 7), ("packed-n4", 3)]
    assert [run.prompts.id for run in runs] == ["demo-separate-r40", "demo-packed-n4-r40"]


def test_runs_that_submit_the_same_prompts_share_them() -> None:
    runs = expand_studies(study(grid={"engine.max_num_seqs": [8, 16, 32]}))
    assert len({run.prompts for run in runs}) == 1
    assert len({run.name for run in runs}) == 3


def test_the_specification_holds_what_matters_and_its_order_does_not() -> None:
    config = study(grid={"n": [4]})
    (run,) = expand_studies(config)
    spec = run_spec(run, config, {"vllm": "1", "torch": "2"})
    assert spec["engine"]["args"] == {
        "block_size": 32,
        "max_num_batched_tokens": 4096, "enable_prefix_caching": False,
        "kv_cache_memory_bytes": 268435456, "enforce_eager": True, "seed": 0, "dtype": "float32",
    }  # fmt: skip
    assert "timeout_s" not in spec["measure"], "it decides whether a run ends, not what it measures"
    backwards = {key: spec[key] for key in reversed(spec)}
    assert canonical_json(backwards) == canonical_json(spec)
    assert canonical_json(run_spec(run, config, {"vllm": "2", "torch": "2"})) != canonical_json(spec)


def test_only_the_exception_to_a_rule_is_part_of_what_a_run_is() -> None:
    def measure(**values: object) -> dict[str, object]:
        config = load_config({"measure": values, "compare_environments": bool(values)})
        spec = run_spec(expand_studies(config)[0], config, {})
        assert "compare_environments" not in spec
        return spec["measure"]

    assert not {"telemetry", "engine_reuse"} & set(measure())
    assert measure(telemetry=True) == measure()
    assert measure(telemetry=False) == measure() | {"telemetry": False}
    assert measure(engine_reuse=False) == measure() | {"engine_reuse": False}


def test_null_keeps_the_default_of_vllm() -> None:
    arguments = EngineArguments(max_num_seqs=None, extra={"swap_space": 4, "other": None})
    assert arguments.as_vllm() == {"swap_space": 4}


def test_every_wrong_key_is_named_at_once() -> None:
    with pytest.raises(UserError) as error:
        load_config({"measure": {"repeats": 0, "warmup": 1}, "titel": "x"})
    text = str(error.value)
    assert "measure.repeats" in text
    assert "measure.warmup: unknown key; did you mean 'warmup_tokens'" in text
    assert "titel: unknown key; did you mean 'title'" in text


def test_measuring_code_is_complete_and_needs_only_what_engines_hold() -> None:
    """Runs depend on batchscope/worker/engine/*.py by content: of ours it imports only what talks and watches besides."""
    decides_nothing = {"batchscope.worker.conversation", "batchscope.common.periodic"}
    allowed = {"batchscope", "vllm", "pyarrow", "psutil", "pynvml", "tqdm", *sys.stdlib_module_names}
    for path in (ROOT / "batchscope" / "engine").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                imported = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                imported = [node.module or ""]
            else:
                continue
            for name in imported:
                assert name.partition(".")[0] in allowed, f"{path.name} imports {name}"
                ours = name.startswith("batchscope") and not name.startswith("batchscope.worker.engine")
                assert not ours or name in decides_nothing, f"{path.name} imports {name}"
