"""What a run depends on: one JSON value, the same whatever the order in a file."""

from hashlib import sha256

from support.studies import study

from batchscope.common.canonical_json import canonical_json
from batchscope.config.configuration import load_config
from batchscope.config.workload import Workload
from batchscope.studies.grid import expand_serving, expand_studies
from batchscope.studies.run_spec import run_spec, task_of


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
        expand_studies: "4d2f98db6adb4c96c77ae3a12452f574e420ca046232aead23e1cf3556ebef8e",
        expand_serving: "03a7c79b0b8874fd4861378d2820f0ae63cfa34e90f1a880dd1654fd8527f9e6",
    }
    for expand, digest in expected.items():
        specs = {run.id: run_spec(run, config, {"vllm": "1"}) for run in expand(config)}
        assert sha256(canonical_json(specs).encode()).hexdigest() == digest


def _spec(task: dict[str, object] | None = None, **workload: object) -> dict[str, object]:
    values = {"workload": workload, "task": task or {}}
    config = load_config(values)
    return run_spec(expand_studies(config)[0], config, {})


MOODS: dict[str, object] = {"labels": ["glad", "sad", "angry"]}


def test_labels_matter_only_where_they_decide_what_is_measured() -> None:
    assert _spec(MOODS) == _spec(), "the prompts have their own parameter"
    assert "task" not in _spec(answer="labels"), "as in all measurements from before there were tasks"
    assert _spec(MOODS, answer="labels")["task"] == {"labels": ["glad", "sad", "angry"]}
    for workload in ({"answer": "codes"}, {"output_tokens_per_text": None}, {"confidence": True}):
        assert _spec(MOODS, **workload)["task"] == {"labels": ["glad", "sad", "angry"]}
    described = {"labels": [{"name": name, "description": "x"} for name in ("glad", "sad", "angry")]}
    assert _spec(described, answer="codes") == _spec(MOODS, answer="codes")


def test_a_specification_knows_its_labels() -> None:
    assert task_of(_spec(MOODS, answer="codes")).names == ("glad", "sad", "angry")
    assert task_of(_spec(answer="labels")).names == ("positive", "negative")


def test_restricted_runs_from_before_are_those_of_today() -> None:
    workload = _spec(answer="labels")["workload"]
    assert workload["decoding"] == "labels"
    assert "answer" not in workload
    assert Workload.model_validate(workload).answer == "labels"
    assert _spec(answer="json")["workload"]["answer"] == "json"
    numbered = _spec(numbered=True, output_tokens_per_text=None)["workload"]
    assert (numbered["numbered"], numbered["output_tokens_per_text"]) == (True, None)


def test_a_server_is_not_asked_for_probabilities() -> None:
    config, asked = load_config({}), load_config({"workload": {"confidence": True}})
    (before, *_), (after, *_) = expand_serving(config), expand_serving(asked)
    assert run_spec(before, config, {}) == run_spec(after, asked, {})
    assert run_spec(expand_studies(config)[0], config, {}) != run_spec(expand_studies(asked)[0], asked, {})
