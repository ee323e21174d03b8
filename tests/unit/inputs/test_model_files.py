"""Of several forms of the same weights one is taken."""

import re

import pytest

from batchscope.inputs.model_files import missing_parts, small_files_in, weights_in, why_no_weights

PARTS = [f"model-0000{part}-of-00002.safetensors" for part in (1, 2)]
BINS = [f"pytorch_model-0000{part}-of-00002.bin" for part in (1, 2)]
REST = ["training_args.bin", "optimizer.pt", "README.md", "original/consolidated.00.pth", "onnx/model.onnx"]


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["model.safetensors", "consolidated.safetensors"], ["model.safetensors"]),
        (["model.safetensors", "pytorch_model.bin", "model.fp16.safetensors"], ["model.safetensors"]),
        ([*PARTS, *BINS, "consolidated-00001-of-00001.safetensors"], PARTS),
        ([*PARTS, "model.safetensors"], PARTS),
        (["consolidated.safetensors"], ["consolidated.safetensors"]),
        (["part-a.safetensors", "part-b.safetensors"], ["part-a.safetensors", "part-b.safetensors"]),
        (["pytorch_model.bin", "model.pt"], ["pytorch_model.bin"]),
        (BINS, BINS),
        (["consolidated.00.pth", "consolidated.01.pth"], ["consolidated.00.pth", "consolidated.01.pth"]),
        (["model-q4.gguf", "model.safetensors"], ["model.safetensors"]),
        (["model-q4.gguf"], ["model-q4.gguf"]),
        (["adapter_model.safetensors", "adapter_model.bin"], []),
        ([], []),
    ],
)
def test_one_form(names: list[str], wanted: list[str]) -> None:
    assert weights_in([*reversed(names), *REST]) == wanted


def test_what_the_load_format_reads() -> None:
    names = ["model.safetensors", "consolidated.safetensors", "pytorch_model.bin", "model.gguf"]
    assert weights_in(names, "dummy") == []
    assert weights_in(names, "pt") == ["pytorch_model.bin"]
    assert weights_in(names, "mistral") == ["consolidated.safetensors"]
    assert weights_in(names, "safetensors") == ["model.safetensors"]


def test_small_files_are_those_of_the_repository_itself() -> None:
    names = ["config.json", "original/params.json", "merges.txt", "qwen.tiktoken", "model.safetensors"]
    assert small_files_in(names) == ["config.json", "merges.txt", "qwen.tiktoken"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["adapter_model.safetensors"], "an adapter"),
        (
            ["fp16/model.safetensors", "int8/model.safetensors"],
            r"folders alone \(fp16, int8\).*source: local",
        ),
        (["README.md"], "no weights.*load_format: dummy"),
    ],
)
def test_why_there_are_none(names: list[str], words: str) -> None:
    assert re.search(words, why_no_weights(names))


@pytest.mark.parametrize(
    ("names", "missing"),
    [
        (PARTS, None),
        (PARTS[:1], "1 of 2 files"),
        (BINS[1:], "1 of 2 files"),
        (["model.safetensors"], None),
        ([], None),
    ],
)
def test_weights_in_part(names: list[str], missing: str | None) -> None:
    assert missing_parts(names) == missing
