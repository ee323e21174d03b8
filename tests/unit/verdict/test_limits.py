"""What limits a run, from its row of the tables; rows are h100's, with single values planted."""

import pandas as pd
import pytest
from support.planted import REFERENCES, setting

from batchscope.verdict.limits import limited_by

COST = pd.read_csv(REFERENCES / "h100" / "tables" / "cost.csv").set_index("run").loc["packed-n20"]


@pytest.mark.parametrize(
    ("run", "cost", "what", "said"),
    [
        ({}, {"limit": "compute"}, "compute", "The GPU, not the host: its arithmetic, 60 % of whose peak"),
        ({}, {"limit": "memory bandwidth", "bandwidth_use": 0.9}, "memory", "bandwidth, 90 % of whose peak"),
        (
            {},
            {"predicted_decode_s": 6.0, "predicted_s": 10.0},
            "decode",
            "60 % of the time goes into decoding answers",
        ),
        ({"utilization": 0.4}, {}, "host", "computed in only 40 % of the time"),
        ({"utilization": float("nan")}, {"limit": float("nan")}, "unknown", "does not know"),
        ({"device": "cpu"}, {}, "unknown", "No GPU took part"),
        ({"utilization": float("nan")}, {"limit": "compute"}, "compute", "The GPU: its arithmetic"),
    ],
)
def test_what_limits_a_run(run, cost, what, said):
    found = limited_by(pd.Series(setting("packed-n4", 1000, **run)), pd.Series(COST.to_dict() | cost))
    assert found.what == what
    assert said in found.words


def test_without_a_cost_table():
    assert limited_by(pd.Series(setting("packed-n4", 1000)), None).what == "unknown"
