"""Which of a repository's files a model needs: one form of its weights, and all small ones."""

import re
from collections.abc import Sequence
from fnmatch import fnmatch

SMALL_FILES = ("*.json", "*.txt", "*.model", "*.tiktoken", "*.jinja", "*.py")
"""Configuration and tokenizer."""

WEIGHTS = (".safetensors", ".bin", ".pt", ".pth", ".gguf")
"""Endings of files of weights."""

FORMS = (
    r"model(-\d+-of-\d+)?\.safetensors",
    r"(?!consolidated|adapter_).*\.safetensors",
    r"consolidated.*\.safetensors",
    r"pytorch_model(-\d+-of-\d+)?\.bin",
    r"(?!training_args|optimizer|scheduler|adapter_).*\.bin",
    r"(?!optimizer|scheduler|scaler).*\.(pt|pth)",
    r".*\.gguf",
)
"""Forms of weights, the best first: a repository may hold the same ones several times."""

OTHER_FORMS = {"mistral": (FORMS[2],), "pt": FORMS[3:6], "npcache": FORMS[3:5], "gguf": FORMS[6:]}
"""Those of each ``load_format`` that reads others than ``auto`` does."""


def weights_in(names: Sequence[str], load_format: str = "auto") -> list[str]:
    """The files of one form of the weights; none with ``dummy``, or where there are none.

    Args:
        names: Files of a repository or a folder; those in folders are left out.
        load_format: As vLLM has it.
    """
    if load_format == "dummy":
        return []
    names = sorted(name for name in names if "/" not in name)
    for form in OTHER_FORMS.get(load_format, FORMS):
        if found := [name for name in names if re.fullmatch(form, name)]:
            # one file of all beside the same in parts: the parts
            return [name for name in found if "-of-" in name] or found
    return []


def missing_parts(weights: Sequence[str]) -> str | None:
    """Of weights in parts, how many are missing, in words; None where they are whole."""
    wanted = {int(total[1]) for name in weights if (total := re.search(r"-of-(\d+)\.", name))}
    if not wanted or max(wanted) <= len(weights):
        return None
    return f"{len(weights)} of {max(wanted)} files"


def small_files_in(names: Sequence[str]) -> list[str]:
    """The configuration's and the tokenizer's files."""
    return sorted(
        name for name in names if "/" not in name and any(fnmatch(name, pattern) for pattern in SMALL_FILES)
    )


def why_no_weights(names: Sequence[str]) -> str:
    """What a repository holds in the place of weights, for a message."""
    if any(name.startswith("adapter_model.") for name in names):
        return "an adapter (LoRA) and no whole model; merge it into its base model, and name that"
    below = sorted({name.rpartition("/")[0] for name in names if name.endswith(WEIGHTS) and "/" in name})
    if below:
        folders = ", ".join(below[:5])
        return f"weights in folders alone ({folders}); download one and set source: local with its path"
    return f"no weights ({', '.join(WEIGHTS)}); add them, or set load_format: dummy to measure speed alone"
