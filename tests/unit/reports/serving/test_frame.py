"""Rows of load points."""

from pathlib import Path

import pytest
from support.serving_helpers import PUBLISHED, requests, written

from batchscope.config.serving import Slo
from batchscope.reports.serving.frame import serving_frame
from batchscope.results.load_points import load_points


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
