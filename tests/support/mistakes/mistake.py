"""What a mistake is: something wrong, what is said of it, and what is right in its place."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from support.hub_site import Hub

SITE, PORT = "{site}", "{port}"
"""What stands in an overlay for the address of the test's own server, and for a port that another program has."""

KINDS = ("configuration", "names", "data", "model", "hub", "engine argument", "hardware")


@dataclass(frozen=True)
class Machine:
    """What NVML and nvidia-smi said on a machine with GPUs."""

    answers: dict[tuple[Any, ...], Any]
    table: str = ""


@dataclass(frozen=True)
class World:
    """What lies around a call."""

    overlay: dict[str, Any] | str
    """the user's configuration file, over configs/ci.yaml; text where it is no YAML"""
    files: dict[str, bytes] = field(default_factory=dict)
    served: bytes | None = None
    """what the server at `SITE` gives for every address"""
    hub: Hub | None = None
    machine: Machine | None = None
    variables: dict[str, str] = field(default_factory=dict)
    profilers: tuple[str, ...] = ()
    """whose captures are asked for"""

    def written(self) -> str:
        """The overlay as a file; on one line where it can be."""
        if isinstance(self.overlay, str):
            return self.overlay
        return yaml.safe_dump(
            self.overlay, default_flow_style=True, sort_keys=False, width=1 << 20, allow_unicode=True
        )

    def write_files(self, folder: Path) -> None:
        """Lay its files below a folder."""
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


@dataclass(frozen=True)
class Mistake:
    """What is wrong, what the message must say, and what the message leads to."""

    wrong: World
    says: tuple[str, ...]
    right: World
    end_to_end: bool = False
    """whether Snakemake is called with it, too"""


def mistake(
    wrong: dict[str, Any] | str,
    says: list[str],
    right: dict[str, Any] | str,
    *,
    e2e: bool = False,
    **both: Any,
) -> Mistake:
    """A mistake in the configuration alone; ``both``: what else there is, in the right call as well."""
    return Mistake(World(wrong, **both), tuple(says), World(right, **both), e2e)
