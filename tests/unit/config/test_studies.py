"""How a study is written down."""

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.studies import Study, study_named


def test_a_study_is_dropped_with_null_and_others_keep_their_order() -> None:
    studies = {"packing": None, "b": {"grid": {"n": [4]}}, "a": {"grid": {"n": [8]}}}
    assert list(load_config({"studies": studies}).active_studies) == ["b", "a"]


def test_a_script_s_study_is_one_that_is_there() -> None:
    studies = {"a": Study(), "b": Study(question="Which?")}
    assert study_named(studies, "b").question == "Which?"
    with pytest.raises(UserError, match="--study: no study 'c'; there are a, b"):
        study_named(studies, "c")


@pytest.mark.parametrize(
    ("study", "words"),
    [
        ({"gird": {"n": [4]}}, "studies.s.gird: unknown key; did you mean 'grid'"),
        ({"grid": {"n": 4}}, "studies.s.grid.n: must be a list, such as .1, 2., got 4"),
        ({"grid": {"engine.extra.x": [{"y": 1}]}}, "studies.s.grid.engine.extra.x.0"),
        ({"set": {"engine.variables.X": [1]}}, "studies.s.set.engine.variables.X"),
        ({"overrides": [{"set": {}}]}, "studies.s.overrides.0.when: Field required"),
    ],
)
def test_a_study_that_is_written_otherwise_is_refused(study: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"studies": {"s": study}})
