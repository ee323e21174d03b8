"""Misspelt targets."""

import pytest

from batchscope.console.targets import missing_target, suggestion

TARGETS = {
    "all": "all",
    "plan": "plan",
    "packing": "results/tables/packing.html",
    "packing/packed-n40": "results/runs/packing/packed-n40/measurement.json",
    "packing/packed-n4": "results/runs/packing/packed-n4/measurement.json",
}


@pytest.mark.parametrize(
    ("wanted", "meant"),
    [
        ("al", "all"),
        ("packng", "results/tables/packing.html"),
        ("packng/packed-n40", "results/runs/packing/packed-n40/measurement.json"),
        ("results/runs/packing/paked-n4/measurement.json", "results/runs/packing/packed-n4/measurement.json"),
        ("results/tables/paking.html", "results/tables/packing.html"),
    ],
)
def test_the_target_that_was_meant_is_named(wanted: str, meant: str) -> None:
    assert suggestion(wanted, TARGETS) == f"error: there is no target {wanted}; did you mean {meant}?"


def test_one_like_no_other_gets_commands_that_list_them() -> None:
    assert "snakemake --cores 1 plan" in suggestion("xyzzy", TARGETS)


def test_snakemake_s_message_is_understood() -> None:
    said = "MissingRuleException:\nNo rule to produce a b/c (if you use input functions make sure ..."
    assert missing_target(said) == "a b/c"
    assert missing_target("WorkflowError:\nother") is None
