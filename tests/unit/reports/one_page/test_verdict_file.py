"""Reading verdict.json."""

import json

import pytest
from support.verdicts import planted

from batchscope.common.errors import UserError
from batchscope.reports.one_page.verdict_file import read_verdict


def test_a_verdict_is_read(tmp_path):
    verdict = planted(["a/b", "a/c", "a/d"])
    (tmp_path / "verdict.json").write_text(json.dumps(verdict))
    assert read_verdict(tmp_path / "verdict.json") == verdict


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"schema": 1}', "{}"])
def test_what_is_none_is_named_with_the_remedy(tmp_path, text):
    path = tmp_path / "verdict.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(
        UserError, match=rf"{path}: no verdict of this version can be read; delete it and rerun"
    ):
        read_verdict(path)
