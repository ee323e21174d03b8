"""The configuration as a whole: what the shipped files say, and how wrong keys are named."""

import json

import jsonschema
import pytest
import yaml
from support.project import ROOT

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.documented.documentation import json_schema
from batchscope.studies.grid import expand_studies


@pytest.mark.parametrize(
    "path", ["config.yaml", *(f"configs/{path.name}" for path in sorted((ROOT / "configs").glob("*.yaml")))]
)
def test_shipped_files_fit_the_schema_and_the_models(path: str) -> None:
    values = yaml.safe_load((ROOT / path).read_text())
    jsonschema.validate(values, json.loads(json_schema()))
    assert expand_studies(load_config(values)) if path == "config.yaml" else load_config({**values})


def test_every_wrong_key_is_named_at_once() -> None:
    with pytest.raises(UserError) as error:
        load_config({"measure": {"repeats": 0, "warmup": 1}, "titel": "x"})
    text = str(error.value)
    assert "measure.repeats" in text
    assert "measure.warmup: unknown key; did you mean 'warmup_tokens'" in text
    assert "titel: unknown key; did you mean 'title'" in text


def test_a_core_belongs_to_one_set() -> None:
    assert load_config({"core_sets": [[0, 1], [2]]}).core_sets == [[0, 1], [2]]
    assert load_config({}).core_sets == []
    with pytest.raises(UserError, match=r"core_sets: core 1 stands there twice; a core belongs to one set"):
        load_config({"core_sets": [[0, 1], [1, 2]]})
    for wrong in ([[]], [[-1]], [["a"]], [0]):
        with pytest.raises(UserError, match="core_sets"):
            load_config({"core_sets": wrong})
