"""What is said of a wrong configuration."""

import pytest

from batchscope.common.errors import UserError
from batchscope.config.configuration import load_config
from batchscope.config.reading.messages import suggest


def message(values: object) -> str:
    with pytest.raises(UserError) as error:
        load_config(values)  # type: ignore[arg-type]
    return str(error.value)


@pytest.mark.parametrize(
    ("values", "line"),
    [
        (
            {"serving": {"load": {"max_concurency": 1}}},
            "serving.load.max_concurency: unknown key; did you mean 'max_concurrency'?",
        ),
        (
            {"models": {"m": {"source": "demo", "loadformat": "auto"}}},
            "models.m.loadformat: unknown key; did you mean 'load_format'?",
        ),
        (
            {"studies": {"s": {"overrides": [{"when": {}, "sett": {}}]}}},
            "studies.s.overrides.0.sett: unknown key; did you mean 'set'?",
        ),
        (
            {"dataset": {"csv": {"zzz": 1}}},
            "dataset.csv.zzz: unknown key; known keys: path, sha256, text_column, label_column",
        ),
    ],
)
def test_an_unknown_key_comes_with_the_nearest_one_of_its_block(values: object, line: str) -> None:
    assert f"  {line}" in message(values).splitlines()


def test_a_wrong_value_is_shown_and_an_explained_one_is_not_shown_again() -> None:
    assert "measure.repeats: Input should be greater than 0, got 0" in message({"measure": {"repeats": 0}})
    text = message({"workload": {"n": 1}})
    assert text.endswith(
        "workload: n: a packed prompt holds at least 2 texts; for n = 1 set layout: separate"
    )


def test_what_is_no_mapping_is_an_error_of_the_file() -> None:
    assert "  the configuration: must be keys with values" in message([1, 2])


def test_of_several_keys_the_most_alike_is_suggested() -> None:
    assert (
        suggest("max_num_seq", ["max_num_seqs", "max_num_batched_tokens"]) == "did you mean 'max_num_seqs'?"
    )
    assert suggest("batch", ["layout", "n"]) == "known keys: layout, n"
    assert suggest("lay", ["layout", "n"], cutoff=0.9) == "known keys: layout, n"
