"""Engine arguments that the environment's vLLM does not know, refuses, or takes without effect."""

from collections.abc import Container, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from batchscope.config.engine import COMPILATION, PASSES
from batchscope.cost.flops import LLAMA_LIKE
from batchscope.planning.checks.situation import EngineUse, Situation
from batchscope.planning.checks.vllm_source import ATTENTION, CUDA_GRAPHS, KnownToVllm, known_to_vllm, nearest
from batchscope.planning.problems import Finding, Problem, Unchecked

RENAMED = {"max_seq_len": "max_model_len", "max_tokens": "max_model_len", "tp": "tensor_parallel_size"}
"""What people write for it, where the spelling alone would not tell."""

ARGUMENT = "disable_cascade_attn"
LAST_WITH_CASCADE = (0, 31)
"""Minor version of vLLM; its source says from 0.32 on that cascade attention has been removed."""


def check(situation: Situation) -> Iterator[Finding]:
    """All engine configurations."""
    for use in situation.engines:
        known = known_to_vllm(use.environment.python, use.environment.device)
        if known and known.arguments:
            yield from unknown_arguments(use, known)
        if known:
            yield from unknown_values(use, known)
            yield from unknown_compilation(use, known)
            yield from unknown_variables(use, known)
        yield from switches_that_are_none(use)
        yield from steps_too_small(use)
        yield from prefixes_that_nothing_shares(use, known)
        yield from what_does_not_divide(use)


def unknown_arguments(use: EngineUse, known: KnownToVllm) -> Iterator[Problem]:
    """Names that this vLLM does not have; a server knows more of them than the engine, and is left out."""
    if use.serves:
        return
    for name in sorted(use.args.keys() - known.arguments):
        guess = RENAMED.get(name) or next(iter(get_close_matches(name, known.arguments, 1)), None)
        hint = f"write {_our_key(use, guess)}, or drop it" if guess in known.arguments else "drop it"
        yield Problem(use.key(name), f"vLLM {known.version} has no engine argument '{name}'", hint)


def _our_key(use: EngineUse, argument: str | None) -> str:
    own = argument in type(use.runs[0].engine.args).model_fields
    return f"engine.args.{argument}" if own else f"engine.args.extra.{argument}"


def unknown_values(use: EngineUse, known: KnownToVllm) -> Iterator[Problem]:
    """Quantizations, types of the KV cache, attention backends and the like that this vLLM does not have."""
    for path, choices in known.choices.items():
        name, _, inside = path.partition(".")
        asked = use.args.get(name)
        if inside:
            asked = asked.get(inside) if isinstance(asked, Mapping) else None
        if isinstance(asked, str) and choices and not _is_taken(asked, path, choices):
            near = nearest(asked, choices)
            yield Problem(
                f"{use.key(name)}.{inside}" if inside else use.key(name),
                f"vLLM {known.version} has no '{asked}'",
                f"set it to {near}" if near else f"set it to null, or to one of {', '.join(sorted(choices))}",
            )


def _is_taken(asked: str, path: str, choices: Container[str]) -> bool:
    """Whether vLLM takes a value: some in small letters, too, and for a backend ``auto``."""
    upper = asked.upper() in choices and path in (ATTENTION, CUDA_GRAPHS)
    return asked in choices or upper or (path == ATTENTION and asked.lower() == "auto")


def unknown_compilation(use: EngineUse, known: KnownToVllm) -> Iterator[Problem]:
    """Keys of the argument compilation_config, and of its passes, that this vLLM does not have."""
    asked, where = use.args.get(COMPILATION), use.key(COMPILATION)
    yield from _unknown_keys(asked, known.compilation, where, known)
    if isinstance(asked, Mapping):
        yield from _unknown_keys(asked.get(PASSES), known.passes, f"{where}.{PASSES}", known)


def _unknown_keys(asked: Any, keys: frozenset[str], where: str, known: KnownToVllm) -> Iterator[Problem]:
    for key in asked if isinstance(asked, Mapping) and keys else ():
        if key not in keys:
            near = nearest(str(key), keys)
            hint = f"write {near}, or drop it" if near else "drop it"
            yield Problem(where, f"vLLM {known.version} has no '{key}' there", hint)


SLIP = 0.9
"""How like a variable of vLLM's another name must be to be that one misspelt."""


def unknown_variables(use: EngineUse, known: KnownToVllm) -> Iterator[Finding]:
    """Variables of vLLM's that this version does not list: it ignores them, or reads them all the same."""
    for name in sorted(use.variables) if known.variables else ():
        if not name.startswith("VLLM_") or name in known.variables:
            continue
        where = f"engine.variables.{name}"
        if near := nearest(name, known.variables, SLIP):
            yield Problem(where, f"vLLM {known.version} has no such variable", f"write {near}, or drop it")
        else:
            yield Unchecked(where, f"vLLM {known.version} lists no such variable, so it may have no effect")


def switches_that_are_none(use: EngineUse) -> Iterator[Problem]:
    """The words true and false as text, and for cascade attention a number: here neither is a switch."""
    cascade = use.args.get(ARGUMENT)
    if isinstance(cascade, int) and not isinstance(cascade, bool):
        yield Problem(use.key(ARGUMENT), f"{cascade} is a number", f"write {str(bool(cascade)).lower()}")
    for name, value in use.args.items():
        if isinstance(value, str) and value.lower() in ("true", "false"):
            yield Problem(
                use.key(name), f"'{value}' in quotes is text", f"write {value.lower()} without them"
            )


def steps_too_small(use: EngineUse) -> Iterator[Problem]:
    """Steps that hold fewer tokens than requests, or than one whole prompt where prompts may not be split."""
    batched, seqs = use.args.get("max_num_batched_tokens"), use.args.get("max_num_seqs")
    key = use.key("max_num_batched_tokens")
    if batched and seqs and batched < seqs:
        yield Problem(
            key,
            f"{batched} tokens a step are fewer than max_num_seqs: {seqs}, which vLLM refuses",
            f"raise it to {seqs} or more, or set engine.args.max_num_seqs: {batched}",
        )
    longest = use.args.get("max_model_len") or use.model.context
    if batched and longest and use.args.get("enable_chunked_prefill") is False and batched < longest:
        yield Problem(
            key,
            f"{batched} tokens a step are fewer than max_model_len: {longest}, and enable_chunked_prefill is "
            "false, which vLLM refuses",
            f"raise it to {longest} or more, or drop enable_chunked_prefill",
        )


def prefixes_that_nothing_shares(use: EngineUse, known: KnownToVllm | None) -> Iterator[Problem]:
    """Cascade attention that would have no effect, though vLLM takes the argument that allows it.

    Args:
        use: the engine configuration.
        known: its vLLM; None: there is none.
    """
    if use.args.get(ARGUMENT) is not False:
        return
    version, numbers = (known.version, known.release[:2]) if known else ("", ())
    for wrong, why, remedy in (
        (use.environment.device == "cpu", "has no effect on CPU", "drop it"),
        (use.serves, "is counted in offline runs alone: nothing would tell if it was in force", "drop it"),
        (
            numbers > LAST_WITH_CASCADE,
            f"has no effect in vLLM {version}: 0.31 was the last that had cascade attention",
            "drop it, or name an environment with vLLM 0.26 to 0.31",
        ),
        (
            use.variables.get("VLLM_USE_V2_MODEL_RUNNER") != "0",
            "has no effect in model runner V2, the default",
            "set engine.variables.VLLM_USE_V2_MODEL_RUNNER: 0 beside it, or drop it",
        ),
    ):
        if wrong:
            yield Problem(use.key(ARGUMENT), f"disable_cascade_attn: false {why}", remedy)
            return


PADDED_TO = 64
"""vLLM makes a vocabulary longer, up to a multiple of this, before it spreads it over GPUs."""


def what_does_not_divide(use: EngineUse) -> Iterator[Problem]:
    """A part of a model that cannot be spread evenly over its GPUs, which vLLM refuses or fails on."""
    config, gpus = use.model.text_config, use.args.get("tensor_parallel_size") or 1
    if parts := undivided(config, gpus):
        fits = max(count for count in range(1, gpus) if not undivided(config, count))
        yield Problem(
            use.key("tensor_parallel_size"),
            f"the {parts[0]} of {use.model.name} cannot be spread over {gpus} GPUs",
            f"set it to {fits}",
        )


def undivided(config: Mapping[str, Any], gpus: int) -> list[str]:
    """What of a model's config.json does not divide by a number of GPUs, in words.

    Attention heads always have to. KV heads, of which each GPU needs one at least, and the widths of MLP and
    vocabulary are asked of families whose layers are known alone. One GPU has everything.
    """
    found = [f"{heads} attention heads"] if (heads := _number(config, "num_attention_heads")) % gpus else []
    if config.get("model_type", LLAMA_LIKE[0]) not in LLAMA_LIKE:
        return found
    if (kv := _number(config, "num_key_value_heads")) and max(kv, gpus) % min(kv, gpus):
        found.append(f"{kv} KV heads")
    if (width := _number(config, "intermediate_size")) % gpus:
        found.append(f"MLP's width of {width:,}")
    if (words := -(-_number(config, "vocab_size") // PADDED_TO) * PADDED_TO) % gpus:
        found.append(f"vocabulary of {words:,} (padded)")
    return found


def _number(config: Mapping[str, Any], key: str) -> int:
    """A count of config.json; 0, which any number divides, where it is not there."""
    value = config.get(key)
    return value if isinstance(value, int) else 0
