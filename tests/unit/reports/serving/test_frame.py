"""Rows of load points."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.queues import CAPACITY, even, poisson
from support.queues import client as client_of
from support.serving_helpers import PUBLISHED, lasted, requests, written

from batchscope.common.schemas import HARDWARE
from batchscope.config.serving import Slo
from batchscope.reports.serving.frame import serving_frame
from batchscope.results.loads.points import load_points


@pytest.mark.parametrize(
    ("workload", "rate"),
    [
        ({"answer": "json"}, 1.0),  # prompts of 4, 4 and 2 texts in 10 s, whatever their answers' length
        ({"output_tokens_per_text": None}, 1.0),
        ({"output_tokens_per_text": 2}, 2.7),
    ],
)
def test_texts_are_counted_by_prompts_where_answers_vary_in_length(
    tmp_path: Path, workload: dict[str, object], rate: float
) -> None:
    client = requests((20, 0.1, []), (22, 0.1, []), (12, 0.1, []))
    folder = written(tmp_path / "p", client, {}, {"layout": "packed", "n": 4, "texts": 10, **workload})
    frame = serving_frame(load_points([folder]), Slo(), PUBLISHED)
    assert frame["texts_per_s"].tolist() == [pytest.approx(rate)]


def test_joules_are_shared_among_all_texts_that_were_answered(tmp_path: Path) -> None:
    """Prompts are sent four times in turn, from the first second on; half of the counter's joules come before."""
    client = requests(*[(4, 0.1, [0.1] * 3)] * 40).assign(prompt=list(range(10)) * 4)
    folder = written(tmp_path / "p", client, {"requests": 40}, {"layout": "packed", "n": 4, "texts": 40})
    sampled = [{"repeat": 0, "time_s": float(at), "gpu": 0, "energy_j": 160.0 * at} for at in range(-5, 6)]
    pd.DataFrame(sampled, columns=HARDWARE.names).to_parquet(folder / "hardware.parquet")
    last = (client["sent_s"] + client["e2el_s"]).max()
    frame = serving_frame(load_points([folder]), Slo(), PUBLISHED)
    assert frame["joules_per_text"].tolist() == [pytest.approx(160 * last / 160)]


def test_where_a_queue_grows_nothing_is_steady(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    sent = poisson(rng, 200, 800)
    rows = client_of(sent, even(rng, sent))
    folder = lasted(tmp_path / "p", rows, {"request_rate": 200}, {"layout": "separate", "n": 1, "texts": 800})
    frame = serving_frame(load_points([folder]), Slo(), PUBLISHED)
    assert frame["queue"].tolist() == ["piles up"]
    assert frame.filter(regex="^steady_(?!requests)").isna().all(axis=None)
    assert frame["finished"][0] == pytest.approx(CAPACITY, rel=0.01)
