"""The registry of profilers: what the configuration offers, what each is made of, and whose code decides what."""

from importlib import import_module
from typing import get_args

import pytest

from batchscope.config.profile import Profile
from batchscope.config.profilers import PROFILERS, module_of, profilers_of_page
from batchscope.reports.registry import REPORTS
from batchscope.workflow.code_digest import mentioned, reached


def test_the_configuration_offers_all_profilers_and_no_other():
    (offered,) = get_args(Profile.model_fields["profilers"].annotation)
    assert list(get_args(offered)) == list(PROFILERS)


@pytest.mark.parametrize("name", PROFILERS)
def test_a_profiler_is_a_module_that_captures_and_parses(name):
    module = import_module(module_of(name))
    assert callable(module.capture)
    assert callable(module.parse)
    kept = {"profiles": "window.json", "memory": "memory.json"}
    assert kept[PROFILERS[name].page] == module.KEPT


def test_every_profiler_is_shown_by_one_page():
    shown = [name for report in REPORTS for name in profilers_of_page(report.name)]
    assert sorted(shown) == sorted(PROFILERS)
    assert all(set(profilers_of_page(report.name)) == report.profilers for report in REPORTS)
    assert profilers_of_page("cost") == []


def test_only_the_profiler_in_use_is_code_of_a_capture():
    assert mentioned("batchscope.config.profilers") == (), "the registry leads to none of them"
    for name in PROFILERS:
        found = set(reached(["scripts.profile_run", module_of(name)]))
        assert {other for other in PROFILERS if module_of(other) in found} == {name}
