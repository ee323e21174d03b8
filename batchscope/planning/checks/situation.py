"""What a call would do, as the checks see it: the runs that it would measure, and their engines."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from batchscope.common.canonical_json import canonical_json
from batchscope.config.configuration import Config
from batchscope.config.engine import Environment
from batchscope.config.model import ModelAsset
from batchscope.planning.checks.model_files import ModelFiles, model_files
from batchscope.studies.run import Run


@dataclass(frozen=True)
class EngineUse:
    """An engine configuration, or a server's, that would be started, and the runs that want it."""

    runs: tuple[Run, ...]
    asset: ModelAsset
    environment: Environment
    model: ModelFiles
    default: Mapping[str, Any]
    """the block ``engine.args``, under vLLM's names: what a run has that it has not, its study sets"""

    @property
    def args(self) -> dict[str, Any]:
        """The engine's arguments under vLLM's names."""
        return self.runs[0].engine.args.as_vllm()

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables of its process."""
        return self.runs[0].engine.variables

    @property
    def serves(self) -> bool:
        """Whether it is a server."""
        return self.runs[0].load is not None

    @property
    def gpus(self) -> int:
        """GPUs that it holds; 0 on CPU."""
        return self.runs[0].gpus if self.environment.device == "cuda" else 0

    def key(self, argument: str) -> str:
        """Where the configuration says this argument: the key of the study that sets it, else the block's."""
        own = argument in type(self.runs[0].engine.args).model_fields
        if argument not in self.args or self.args[argument] == self.default.get(argument):
            return f"engine.args.{argument}" if own else f"engine.args.extra.{argument}"
        studies = "serving.studies" if self.serves else "studies"
        return f"{studies}.{self.runs[0].study}: engine.{argument if own else f'extra.{argument}'}"


@dataclass(frozen=True)
class Situation:
    """A call: its configuration, the runs and profiles that are not up to date, and where results go."""

    config: Config
    results: Path
    runs: Sequence[Run]
    profilers: Sequence[str] = ()
    """those of the profiles that it would make"""
    elsewhere: bool = False
    """whether runs go to other machines, of which this one knows nothing"""
    products: Sequence[str] = ()
    """models whose matrix products it would time"""

    @cached_property
    def engines(self) -> list[EngineUse]:
        """Each engine configuration of the runs, once."""
        wanted: dict[str, list[Run]] = {}
        for run in self.runs:
            key = canonical_json([run.engine.model_dump(), run.load is not None])
            wanted.setdefault(key, []).append(run)
        return [self._use(runs) for runs in wanted.values()]

    @cached_property
    def environments(self) -> dict[str, Environment]:
        """The engine environments that runs and products need, by name."""
        named = [run.engine.environment for run in self.runs]
        of_products = [self.of_products] if self.products else []
        return _chosen([*named, *of_products], self.config.environments)

    @property
    def of_products(self) -> str:
        """The environment whose Python multiplies, by name."""
        return self.config.gemm.environment or self.config.engine.environment

    @cached_property
    def models(self) -> dict[str, ModelFiles]:
        """What is known of each model that runs and products need, by name."""
        assets = _chosen([*(run.engine.model for run in self.runs), *self.products], self.config.models)
        return {name: model_files(name, asset, self.results) for name, asset in assets.items()}

    def _use(self, runs: Sequence[Run]) -> EngineUse:
        engine = runs[0].engine
        return EngineUse(
            tuple(runs),
            self.config.models[engine.model],
            self.config.environments[engine.environment],
            self.models[engine.model],
            self.config.engine.args.as_vllm(),
        )


def _chosen(names: Iterable[str], known: Mapping[str, Any]) -> dict[str, Any]:
    return {name: known[name] for name in dict.fromkeys(names)}
