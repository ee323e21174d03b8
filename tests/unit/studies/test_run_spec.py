"""What a run depends on: one JSON value, the same whatever the order in a file."""

from hashlib import sha256

from support.studies import study

from batchscope.config.configuration import load_config
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.run_spec import canonical_json, run_spec


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


def test_default_runs_are_what_they_were() -> None:
    """A change of these values makes all measurements stale: it must be wanted."""
    config = load_config({})
    expected = {
        expand_studies: "f16b2e6001f11590e44c5aa4ea25a58a19a31c9ba0f5933e68f7c9435e1c27b1",
        expand_serving: "a881497fec51ad0ffe8065c705162227c9ddb9a53047f41b2949a18247eae94e",
    }
    for expand, digest in expected.items():
        specs = {run.id: run_spec(run, config, {"vllm": "1"}) for run in expand(config)}
        assert sha256(canonical_json(specs).encode()).hexdigest() == digest
