"""Which runs are profiled, and the registry of profilers: whose code decides what is stale."""

from importlib import import_module
from typing import get_args

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.profile import PROFILERS, Profile, module_of, profilers_of_page
from batchscope.reports.registry import REPORTS
from batchscope.workflow.code_digest import mentioned, reached


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"runs": ["packed-n4"]}, "profile.runs.0: .* names no run; write it as study/run"),
        ({"runs": ["a/b/c"]}, "profile.runs.0: .* names no run; write it as study/run"),
        ({"profilers": []}, "profile.profilers: List should have at least 1 item"),
        ({"profilers": ["perf"]}, "profile.profilers.0: Input should be 'torch', 'nsys' or 'memory'"),
        ({"at": 1.5}, "profile.at: Input should be less than or equal to 1"),
    ],
)
def test_what_cannot_be_profiled_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"profile": values})


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
    led_to = mentioned("batchscope.config.profile")
    assert not any("profiling" in module for module in led_to), "the registry leads to none of them"
    for name in PROFILERS:
        found = set(reached(["scripts.profile_run", module_of(name)]))
        assert {other for other in PROFILERS if module_of(other) in found} == {name}
