"""What a result file cannot be asked."""

import re

from support.project import ROOT

from batchscope.reports.imported.unasked import GATES_OF_OURS, unasked
from batchscope.results.gates import GATES
from batchscope.results.imported.figures import Figures


def test_every_reason_for_which_a_run_of_ours_does_not_count_is_listed():
    page = (ROOT / "docs" / "validity.md").read_text()
    codes = set(re.findall(r"^\| `(\w+)` \| (?:measuring|tables) \|", page, re.MULTILINE))
    assert set(GATES) < codes
    assert set(GATES_OF_OURS) == codes


def test_a_file_that_counts_failures_was_asked_for_them():
    assert "requests" in unasked(Figures(), serves=True)
    assert "requests" not in unasked(Figures(failed=0), serves=True)
    assert set(unasked(Figures(), serves=True)) - set(unasked(Figures(), serves=False)) == {"client"}
