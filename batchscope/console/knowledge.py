"""What the console is told by the Snakefile: Snakemake's own records do not say it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

MEASURING = {"measure": "{study}/{run}", "serve": "serving/{serving_study}/{load_point}"}
"""Rules that measure, and what their runs are called."""

TABLES = "make_tables"
"""The rule that writes the table of all runs; its first output is the CSV file."""

VERDICT = "make_verdict"
"""The rule that writes the verdict, its only output."""

PRINTING = ("plan",)
"""Rules whose output is what was asked for."""


@dataclass(frozen=True)
class Prediction:
    """Predicted seconds of a run, and of its engine's start, which all runs of ``engine`` share."""

    seconds: float
    engine: str
    start_s: float


@dataclass(frozen=True)
class Knowledge:
    """Called only when it is needed, for the console is there before the configuration is read."""

    predictions: Callable[[], Mapping[str, Prediction]]
    """of the runs that this call will measure, by name"""
    targets: Callable[[], Mapping[str, str]]
    """what can be asked for: names that people may use, and what Snakemake calls it"""
    summary: Callable[[], str]
    """path of the page that answers all studies"""
    runs: Callable[[], int]
    """number of runs in the configuration"""


def name_of_job(rule: str, wildcards: Mapping[str, str]) -> str:
    """A run's name for a job that measures it; else the rule with its wildcards."""
    if rule in MEASURING:
        return MEASURING[rule].format(**wildcards)
    return " ".join((rule, *wildcards.values()))
