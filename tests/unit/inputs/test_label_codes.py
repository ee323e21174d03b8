"""Codes of labels: letters while they last, then pairs of letters, then numbers."""

import pytest

from batchscope.config.task import Task
from batchscope.inputs.label_codes import codes_of, kind_of_code


def task(count: int) -> Task:
    return Task(labels=[f"label {number}" for number in range(count)])


@pytest.mark.parametrize(
    ("count", "first", "last", "kind"),
    [
        (2, "A", "B", "letter"),
        (26, "A", "Z", "letter"),
        (27, "AA", "BP", "code"),
        (77, "AA", "EP", "code"),
        (400, "1", "400", "number"),
    ],
)
def test_each_label_has_a_code_of_its_own(count: int, first: str, last: str, kind: str) -> None:
    codes = codes_of(task(count))
    assert list(codes) == list(task(count).names)
    assert len(set(codes.values())) == count
    assert (codes["label 0"], codes[f"label {count - 1}"]) == (first, last)
    assert kind_of_code(task(count)) == kind
