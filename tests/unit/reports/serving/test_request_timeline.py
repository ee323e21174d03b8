"""The figure of each request over time."""

import pandas as pd
import pytest
from support.analysis_helpers import step
from support.figures import faults
from support.serving_helpers import requests

from batchscope.reports.serving.request_timeline import load_seconds, timeline_figure

STEPS = pd.DataFrame(
    [
        step(0, 0.0, 0.1, prefill_tokens=400, running=1, waiting=0),
        step(1, 0.1, 0.4, prefill_tokens=0, decode_tokens=3, running=1, waiting=0),
    ]
)


@pytest.mark.parametrize("count", [1, 3, 200])
def test_axes_begin_at_zero_and_legends_lie_beside_data(count: int) -> None:
    sent = requests(*[(4, 0.1, [0.1] * 3)] * count)
    figure = timeline_figure("1 per prompt: each request", sent, STEPS, "Measured on: a machine.")
    assert faults(figure) == []
    first, queue, tokens = figure.axes
    assert first.get_ylim() == (count - 0.5, -0.5), "a single request has an axis too"
    assert all(tick == round(tick) for tick in first.get_yticks())
    assert queue.get_ylim()[0] == tokens.get_ylim()[0] == 0
    assert queue.get_ylim()[1] > max(y for line in queue.lines for y in line.get_ydata())
    assert {ax.get_xlim() for ax in figure.axes} == {(0.0, load_seconds(sent, STEPS))}


def test_load_points_share_a_clock() -> None:
    sent = requests((1, 0.1, []))
    figure = timeline_figure("one", sent, STEPS, "Measured on: a machine.", until=3.0)
    assert {ax.get_xlim() for ax in figure.axes} == {(0.0, 3.0)}
    assert figure.axes[-1].get_xlabel().endswith("grey: ended")
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert labels == ["until the first token", "first token"], "there are no further tokens"
