"""Studies written in a test, and the configurations that the checkout ships."""

from typing import Any

import yaml
from snakemake.utils import update_config
from support.project import ROOT

from batchscope.config.configuration import Config, load_config
from batchscope.studies.grid import expand_studies
from batchscope.studies.run import Run


def study(*, engine: dict[str, Any] | None = None, **keys: Any) -> Config:
    """The default with one study, ``mine``, of these keys; ``engine`` lies over that block as an overlay would."""
    values: dict[str, Any] = {"engine": DEFAULT.engine.model_dump()}
    update_config(values, {"engine": engine or {}})
    return load_config({**values, "studies": dict.fromkeys(DEFAULT.studies) | {"mine": keys}})


DEFAULT = load_config({})


def runs(**keys: Any) -> list[Run]:
    """Its runs."""
    return expand_studies(study(**keys))


def names(**keys: Any) -> list[str]:
    """Their names."""
    return [run.name for run in runs(**keys)]


def shipped(*overlays: str) -> Config:
    """config.yaml under overlays, merged as Snakemake does it."""
    merged: dict[str, Any] = {}
    for path in ("config.yaml", *overlays):
        update_config(merged, yaml.safe_load((ROOT / path).read_text()))
    return load_config(merged)
