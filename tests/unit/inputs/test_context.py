"""The context of a model: what vLLM resolves. tests/engine/test_context.py asks vLLM itself."""

import json
from pathlib import Path

import pytest
from support.contexts import CONTEXTS, LLAMA, LONG

from batchscope.common.errors import UserError
from batchscope.inputs.context import context_length


def folder(path: Path, config: object) -> Path:
    path.mkdir(exist_ok=True)
    (path / "config.json").write_text(config if isinstance(config, str) else json.dumps(config))
    return path


@pytest.mark.parametrize(("config", "engine", "tokens"), CONTEXTS.values(), ids=CONTEXTS)
def test_the_context_is_what_vllm_resolves(config: dict, engine: dict, tokens: int, tmp_path: Path) -> None:
    assert context_length(folder(tmp_path / "m", config), engine) == tokens


@pytest.mark.parametrize("text", [{**LONG, "model_type": "unheard-of"}, {**LONG}])
def test_a_language_model_inside_another_says_its_own(text: dict, tmp_path: Path) -> None:
    whole = {"model_type": "unheard-of", "text_config": text, "vision_config": {"hidden_size": 8}}
    assert context_length(folder(tmp_path / "m", whole)) == 4096
    deeper = {"hf_overrides": {"text_config": {"max_position_embeddings": 300}}}
    assert context_length(folder(tmp_path / "m", whole), deeper) == 300


def test_a_language_model_inside_another_may_leave_it_to_its_class(tmp_path: Path) -> None:
    text = {
        "model_type": "gemma3_text",
        "sliding_window": 1024,
        "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
    }
    whole = {"architectures": ["Gemma3ForConditionalGeneration"], "model_type": "gemma3", "text_config": text}
    assert context_length(folder(tmp_path / "m", whole)) == 131_072, "its positions are scaled already"


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"architectures": ["Mine"]}, "no max_position_embeddings.*set engine.args.max_model_len"),
        ({}, "or an empty one; fetch the model again"),
        ("{", "no readable JSON"),
        ("[]", "no JSON object"),
        ({**LLAMA, "max_position_embeddings": "many"}, "no readable context"),
        ({**LLAMA, "max_position_embeddings": [1]}, "no readable context"),
    ],
)
def test_a_context_that_cannot_be_known_is_an_error_with_a_way_out(
    config: object, says: str, tmp_path: Path
) -> None:
    made = folder(tmp_path / "m", config)
    with pytest.raises(UserError, match=says):
        context_length(made)
    assert context_length(made, {"max_model_len": 512}) == 512


def test_a_class_that_nobody_knows_has_the_context_that_it_says(tmp_path: Path) -> None:
    assert context_length(folder(tmp_path / "m", {"model_type": "unheard-of", "seq_length": 700})) == 700
    assert context_length(folder(tmp_path / "m", {"model_type": "unheard-of"})) == 2048
