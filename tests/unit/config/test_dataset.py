"""Where the reviews come from."""

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {"source": "kaggle"},
            "dataset.source: Input should be 'generated', 'file', 'hub', 'csv' or 'imdb', got 'kaggle'",
        ),
        (
            {"generated": {"reviews": 1_000_001}},
            "dataset.generated.reviews: .* less than or equal to 1000000",
        ),
        ({"csv": {"path": ""}}, "dataset.csv.path: .* at least 1 character"),
        ({"csv": {"sha256": "ABC"}}, "dataset.csv.sha256: .* should match pattern"),
        ({"imdb": {"url": "ftp://x/y"}}, "dataset.imdb.url: .* should match pattern"),
    ],
)
def test_a_source_that_cannot_be_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"dataset": values})
