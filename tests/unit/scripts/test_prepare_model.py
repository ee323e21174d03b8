"""What the job that prepares a model refuses before it reads weights."""

import json
from pathlib import Path

import pytest

from batchscope.common.errors import UserError
from batchscope.config.model import ModelAsset
from scripts.prepare_model import refuse_quantized


def test_2_4_is_not_asked_of_weights_that_something_else_quantized(tmp_path: Path) -> None:
    asset = ModelAsset(source="hub", id="me/model", prune="2:4")
    (tmp_path / "config.json").write_text(json.dumps({"quantization_config": {"quant_method": "fp8"}}))
    with pytest.raises(UserError, match=r"models: me/model: .*quantized with 'fp8'.*; name the model before"):
        refuse_quantized(tmp_path, asset)
    (tmp_path / "config.json").write_text("{}")
    refuse_quantized(tmp_path, asset)
