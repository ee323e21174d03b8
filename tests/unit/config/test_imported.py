"""The block ``imported``."""

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config


def test_a_file_is_dropped_with_null_and_the_others_stay_in_order():
    files = {"b": {"path": "b.json"}, "a": None, "c": {"path": "c.json", "texts_per_request": 4}}
    active = load_config({"imported": files}).active_imports
    assert list(active) == ["b", "c"]
    assert (active["b"].format, active["b"].texts_per_request, active["c"].texts_per_request) == (
        "auto",
        None,
        4,
    )


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ({"path": "https://host/results.json"}, "imported.x.path: is an address; download"),
        ({"path": "{study}.json"}, "imported.x.path: has a brace"),
        ({"path": ""}, "imported.x.path"),
        ({"path": "a.json", "format": "locust"}, "imported.x.format"),
        ({"path": "a.json", "texts_per_request": 0}, "imported.x.texts_per_request"),
        ({"path": "a.json", "model": "dmeo"}, "imported: x.model: no model 'dmeo'; .*did you mean 'demo'"),
        ({"file": "a.json"}, "imported.x.file: unknown key"),
    ],
)
def test_what_is_wrong_is_told_with_its_key(file, says):
    with pytest.raises(UserError, match=says):
        load_config({"imported": {"x": file}})
