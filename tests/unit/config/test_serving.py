"""The server's block."""

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config


def test_a_study_of_the_server_is_dropped_with_null() -> None:
    assert list(load_config({}).serving.active_studies) == ["layouts", "closed_loop", "open_loop"]
    studies = {"layouts": None, "mine": {"grid": {"load.request_rate": [5]}}}
    assert list(load_config({"serving": {"studies": studies}}).serving.active_studies) == ["mine"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"port": 70_000}, "serving.port: .* less than or equal to 65535, got 70000"),
        ({"load": {"request_rate": 0}}, "serving.load.request_rate: .* greater than 0, got 0"),
        ({"load": {"prompts": "words"}}, "serving.load.prompts: Input should be 'text' or 'ids'"),
        ({"slo": {"ttft": 1}}, "serving.slo.ttft: unknown key; did you mean 'ttft_ms'"),
        (
            {"studies": {"s": {"plot": {}}}},
            "serving.studies.s.plot: unknown key; known keys: question, set, grid",
        ),
    ],
)
def test_a_load_that_cannot_be_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"serving": values})
