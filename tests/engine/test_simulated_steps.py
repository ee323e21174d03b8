"""Steps that the scheduler's simulation gives, against those of the real engine."""

import pytest
from support.project import Project
from support.simulated_steps import compare


@pytest.mark.engine
def test_simulated_steps_are_those_of_the_real_engine(measured: Project):
    assert sum(compare(folder) for folder in (measured.results / "runs").glob("*/*"))
