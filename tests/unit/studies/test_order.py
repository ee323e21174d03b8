"""Runs in the order in which they share engines."""

import re

from batchscope.config.configuration import load_config
from batchscope.studies.grid import expand_studies
from batchscope.studies.order import runs_by_engine


def test_runs_of_one_engine_share_an_allocation() -> None:
    runs = expand_studies(load_config({}))
    engines = runs_by_engine(runs)
    assert sorted(run for ids in engines.values() for run in ids) == sorted(run.id for run in runs)
    configurations = {run.id: run.engine.model_dump() for run in runs}
    assert all(len({str(configurations[run]) for run in ids}) == 1 for ids in engines.values())
    assert len(engines) == len({str(each) for each in configurations.values()})
    assert all(re.fullmatch(r"demo-cpu-[0-9a-f]{6}", name) for name in engines)
