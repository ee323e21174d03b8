"""How many tokens an engine holds of one request, and whether it sees all of them: what vLLM resolves.

The rules are those of vLLM 0.32 (`_get_and_verify_max_len` in vllm/config/model.py). Where config.json leaves
the positions out, the model's own class knows a default: transformers is asked.
"""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from batchscope.common.errors import UserError

Settings = Mapping[str, Any]
"""Part of a model's configuration, or engine arguments by vLLM's names."""

KEYS = (
    "max_position_embeddings",
    "n_positions",
    "max_seq_len",
    "seq_length",
    "model_max_length",
    "max_target_positions",
    "max_sequence_length",
    "max_seq_length",
    "seq_len",
)
"""Where models say how many positions they have; the least counts."""

ENGINE_KEYS = ("max_model_len", "hf_overrides", "disable_sliding_window")
"""Engine arguments that the context depends on."""

ALREADY_SCALED = ("su", "longrope", "llama3", "yarn", "deepseek_yarn", "deepseek_llama_scaling")
"""Scalings of rotary embeddings with which a model's positions are scaled already."""

UNKNOWN = 2048
"""What vLLM takes where a model says nothing."""


def context_length(folder: Path, engine: Settings | None = None) -> int:
    """Tokens that an engine holds of one request, prompt and output together.

    Args:
        folder: the model's.
        engine: arguments of the engine; those of `ENGINE_KEYS` count.

    Raises:
        UserError: config.json is damaged, or names a context that is no number.
    """
    engine = engine or {}
    if engine.get("max_model_len"):
        return int(engine["max_model_len"])
    config = text_config(folder, engine.get("hf_overrides"))
    try:
        return _resolved(config, window_caps=bool(engine.get("disable_sliding_window")))
    except (TypeError, ValueError, AttributeError) as error:
        raise UserError(
            f"{folder / 'config.json'}: no readable context ({error}); correct it, or set "
            "engine.args.max_model_len"
        ) from None


def text_config(folder: Path, overrides: Any = None) -> Settings:
    """What config.json says of the language model, with the engine's ``hf_overrides`` laid over it.

    Where it says nothing of positions, with the defaults of the model's class in transformers.

    Raises:
        UserError: the file is damaged.
    """
    path = folder / "config.json"
    config = read_config(path)
    if isinstance(overrides, Mapping):
        config = _overlaid(config, overrides)
    nested = config.get("text_config")
    found = nested if isinstance(nested, Mapping) else config
    if found.get(KEYS[0]) is None:
        found = _with_defaults(config) or found
        if not any(found.get(key) for key in ("model_type", *KEYS)):
            raise UserError(
                f"{path}: no {KEYS[0]}, and no model_type that would say it; set "
                "engine.args.max_model_len, or fetch the model again"
            )
    return found


def read_config(path: Path) -> dict[str, Any]:
    """A model's config.json.

    Raises:
        UserError: it is damaged, or says nothing.
    """
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: no readable JSON ({error}); fetch the model again") from None
    if not isinstance(config, dict) or not config:
        raise UserError(f"{path}: no JSON object, or an empty one; fetch the model again")
    return config


def _overlaid(config: dict[str, Any], overrides: Settings) -> dict[str, Any]:
    """A configuration with values laid over it, at any depth."""
    for key, value in overrides.items():
        inside = config.get(key)
        deeper = isinstance(inside, dict) and isinstance(value, Mapping)
        config = {**config, key: _overlaid(inside or {}, value) if deeper else value}
    return config


def _with_defaults(config: Settings) -> Settings | None:
    """What the model's class makes of its configuration; None where transformers has no such class."""
    # its remark that PyTorch is missing would be the first line of every log
    os.environ.setdefault("TRANSFORMERS_NO_ADVISORY_WARNINGS", "1")
    from transformers import AutoConfig

    try:
        made = AutoConfig.for_model(**config)
    except Exception:  # noqa: BLE001, a class may fail in any way on a configuration that is not for it
        return None
    text = made.get_text_config()
    positions = {key: getattr(text, key, None) for key in KEYS}
    return {**text.to_dict(), **{key: value for key, value in positions.items() if value is not None}}


def _resolved(config: Settings, *, window_caps: bool) -> int:
    """The context by vLLM's rules. ``window_caps``: the window is switched off, and is then the limit."""
    named = [config[key] for key in KEYS if config.get(key) is not None]
    length = float(config.get("model_max_length") or min(named, default=UNKNOWN))
    if window_caps and config.get("sliding_window"):
        length = min(length, config["sliding_window"])
    kinds = {}
    for rope in _ropes(config):
        kind = rope.get("rope_type") or rope.get("type") or "default"
        kinds[kind] = rope.get("factor") or 1.0
    if "gemma3" not in str(config.get("model_type")):
        # as in vLLM, the last one counts: all layers are taken to be scaled alike
        length *= next((kinds[kind] for kind in reversed(kinds) if kind not in ALREADY_SCALED), 1.0)
    if "longrope" in kinds:
        length = config.get("original_max_position_embeddings") or length
    return int(length)


def _ropes(config: Settings) -> Iterator[Settings]:
    """Settings of the rotary embedding: one, or one for each kind of layer."""
    found = config.get("rope_parameters") or config.get("rope_scaling")
    if not isinstance(found, Mapping):
        return
    inside = [each for each in found.values() if isinstance(each, Mapping)]
    yield from inside or [found]
