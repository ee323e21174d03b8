"""What a report is made from, and where it goes; every report's ``write_report`` takes one."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from batchscope.config.configuration import Config, load_config


@dataclass(frozen=True)
class ReportJob:
    """One report to write. Files lie in the folder of results as docs/files.md lists them."""

    results: Path
    """the folder of results to read from"""
    out: Path
    """the folder to write ``tables/``, ``plots/`` and ``timelines/`` into; mostly the same one"""
    study: str = ""
    """the study that it is about; empty for a report about all"""
    captures: tuple[Path, ...] = ()
    """folders of profiles, for a report about these"""

    @cached_property
    def config(self) -> Config:
        """The merged configuration that the results were made with.

        Raises:
            UserError: it is not valid.
        """
        return load_config(json.loads((self.results / "config.json").read_text(encoding="utf-8")))

    def table(self, stem: str) -> Path:
        """A page or a table to write, without its ending."""
        return self.out / "tables" / stem

    def plot(self, stem: str) -> Path:
        """A figure to write, without its ending."""
        return self.out / "plots" / stem

    def timelines(self, stem: str) -> Path:
        """A folder of figures to write, one for each run or load point."""
        return self.out / "timelines" / stem
