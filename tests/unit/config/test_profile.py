"""Which runs are profiled."""

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"runs": ["packed-n4"]}, "profile.runs.0: .* should match pattern"),
        ({"runs": ["a/b/c"]}, "profile.runs.0: .* should match pattern"),
        ({"profilers": []}, "profile.profilers: List should have at least 1 item"),
        ({"profilers": ["perf"]}, "profile.profilers.0: Input should be 'torch', 'nsys' or 'memory'"),
        ({"at": 1.5}, "profile.at: Input should be less than or equal to 1"),
    ],
)
def test_what_cannot_be_profiled_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"profile": values})
