"""How a run is measured."""

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.measure import Measure


@pytest.mark.parametrize(
    ("values", "stops"),
    [
        ({}, True),
        ({"precision": None}, False),
        ({"precision": 0.0}, False),
        ({"repeats": 10, "max_repeats": 10}, False),
        ({"repeats": 3, "max_repeats": 4}, True),
    ],
)
def test_passes_end_by_precision_where_more_of_them_are_allowed(
    values: dict[str, float], stops: bool
) -> None:
    assert Measure(**values).stops_by_precision is stops


def test_precision_cannot_be_known_from_too_few_passes() -> None:
    with pytest.raises(
        UserError, match="measure: repeats: 2 is too few to know how precise a run is; raise it to 3"
    ):
        load_config({"measure": {"repeats": 2}})
    assert load_config({"measure": {"repeats": 2, "precision": None}}).measure.repeats == 2
