"""Engine arguments as vLLM's command line takes them; pure functions."""

import json
from collections.abc import Mapping
from typing import Any


def flags(args: Mapping[str, Any]) -> list[str]:
    """Keyword arguments of ``vllm.LLM`` as flags of ``vllm serve``."""
    return [part for key, value in args.items() for part in _flag(key.replace("_", "-"), value)]


def _flag(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [f"--{'' if value else 'no-'}{name}"]
    if isinstance(value, list):
        return [f"--{name}", *map(str, value)]
    return [f"--{name}", json.dumps(value) if isinstance(value, dict) else str(value)]
