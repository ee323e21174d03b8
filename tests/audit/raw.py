"""The raw files of a reference: one folder a run."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NEWER_NAMES = {
    "reviews": "texts",
    "output_tokens_per_review": "output_tokens_per_text",
    "review_id": "text_id",
    "review_ids": "text_ids",
}
"""Files from before 2026-11-27 speak of reviews (docs/files.md)."""

BIG = "the raw file is too big to be committed"


def newer(value: Any) -> Any:
    if isinstance(value, dict):
        return {NEWER_NAMES.get(key, key): newer(each) for key, each in value.items()}
    return [newer(each) for each in value] if isinstance(value, list) else value


@dataclass(frozen=True, eq=False)
class Run:
    """A folder of `runs/` or `serving/`."""

    folder: Path

    @property
    def key(self) -> tuple[str, str]:
        return self.folder.parent.name, self.folder.name

    @property
    def start(self) -> int:
        """Which engine start of its run it is: further ones have folders of their own."""
        return self.measurement["spec"].get("start", 1)

    @property
    def of_run(self) -> tuple[str, str]:
        """Study and run, whichever start it is."""
        study, name = self.key
        return study, name.removesuffix(f".start{self.start}")

    @property
    def random_weights(self) -> bool:
        """Whether its labels mean nothing (docs/labels.md)."""
        return bool(self.measurement["spec"]["model"]["load_format"] == "dummy")

    @cached_property
    def measurement(self) -> Mapping[str, Any]:
        return newer(json.loads((self.folder / "measurement.json").read_text(encoding="utf-8")))

    @cached_property
    def environment(self) -> Mapping[str, Any]:
        return newer(json.loads((self.folder / "environment.json").read_text(encoding="utf-8")))

    def table(self, name: str) -> pd.DataFrame | None:
        path = self.folder / f"{name}.parquet"
        return pd.read_parquet(path) if path.is_file() else None

    @cached_property
    def requests(self) -> pd.DataFrame | None:
        path = self.folder / "requests.parquet"
        columns = ["repeat", "prompt_tokens", "cached_tokens", "output_tokens"]
        return pd.read_parquet(path, columns=columns) if path.is_file() else None

    @property
    def repeats(self) -> list[Mapping[str, Any]]:
        return self.measurement["repeats"]

    @property
    def workload(self) -> Mapping[str, Any]:
        return self.measurement["spec"]["workload"]

    @property
    def resolved(self) -> Mapping[str, Any]:
        """Empty for a run whose engine did not start."""
        return self.measurement.get("engine", {}).get("resolved", {})

    @property
    def args(self) -> Mapping[str, Any]:
        return self.measurement["spec"]["engine"]["args"]

    @property
    def labels(self) -> int:
        """Texts x duplicates."""
        return self.measurement["prompts"]["labels"]

    @property
    def gpu(self) -> str:
        return self.environment["gpu"]["name"]

    def lengths(self) -> np.ndarray | None:
        """Prompt, cached and output tokens of each request of the first pass, in the order of submission."""
        if self.requests is None:
            return None
        first = self.requests[self.requests["repeat"] == 0]
        return first[["prompt_tokens", "cached_tokens", "output_tokens"]].to_numpy(np.int64)


def runs_in(folder: Path, kind: str = "runs") -> list[Run]:
    return [Run(path.parent) for path in sorted((folder / kind).glob("*/*/measurement.json"))]


def flat(start: str, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from flat(f"{start}.{key}", value)
        else:
            yield f"{start}.{key}", value


def labels_in(folder: Path) -> dict[tuple[str, str], pd.DataFrame]:
    """Rows of labels by study and run."""
    found: dict[tuple[str, str], pd.DataFrame] = {}
    for path in sorted((folder / "labels").glob("*.parquet")):
        frame = pd.read_parquet(path).rename(columns=NEWER_NAMES)
        frame["confidence"] = frame["confidence"].astype(float)
        frame["gold"], frame["label"] = frame["gold"].astype(object), frame["label"].astype(object)
        found |= {(path.stem, str(run)): rows for run, rows in frame.groupby("run", observed=True)}
    return found
