"""Where the texts come from."""

import pytest
import yaml
from support.project import ROOT

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
            {"generated": {"texts": 1_000_001}},
            "dataset.generated.texts: .* less than or equal to 1000000",
        ),
        ({"csv": {"path": ""}}, "dataset.csv.path: .* at least 1 character"),
        ({"csv": {"sha256": "ABC"}}, "dataset.csv.sha256: .* should match pattern"),
        ({"file": {"delimiter": ""}}, "dataset.file.delimiter: '' is not one character; write it as"),
        ({"file": {"delimiter": "::"}}, "dataset.file.delimiter: '::' is not one character"),
        ({"file": {"encoding": "utf-9"}}, "dataset.file.encoding: there is no encoding 'utf-9'"),
        ({"file": {"encoding": "hex"}}, "dataset.file.encoding: there is no encoding 'hex'"),
        ({"file": {"format": "xlsx"}}, "dataset.file.format: .*'parquet'.*, got 'xlsx'"),
        ({"file": {"text_colum": "a"}}, "dataset.file.text_colum: unknown key; did you mean 'text_column'"),
        ({"source": "hub"}, "dataset: hub: needs the key 'id'"),
        ({"select": "last"}, "dataset.select: .*'stratified'.*, got 'last'"),
        ({"seed": -1}, "dataset.seed: .*greater than or equal to 0"),
        ({"imdb": {"url": "ftp://x/y"}}, "dataset.imdb.url: .* should match pattern"),
    ],
)
def test_a_source_that_cannot_be_is_refused(values: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        load_config({"dataset": values})


@pytest.mark.parametrize(
    ("values", "selection"),
    [
        ({}, "first"),
        ({"source": "imdb"}, "first"),
        ({"source": "file"}, "random"),
        ({"source": "csv"}, "random"),
        ({"source": "hub", "hub": {"id": "me/films"}}, "random"),
        ({"source": "file", "select": "first"}, "first"),
        ({"source": "generated", "select": "stratified"}, "stratified"),
    ],
)
def test_users_files_are_sampled_and_others_taken_in_their_order(values, selection) -> None:
    assert load_config({"dataset": values}).dataset.selection == selection


@pytest.mark.parametrize("source", ["imdb", "csv"])
def test_the_published_study_takes_the_first_texts(source: str) -> None:
    values = yaml.safe_load((ROOT / "configs" / "hermes-8b.yaml").read_text())["dataset"] | {"source": source}
    assert load_config({"dataset": values}).dataset.selection == "first"


@pytest.mark.parametrize("encoding", ["utf-8", "UTF-16", "cp1252", "shift_jis", "latin1"])
@pytest.mark.parametrize("delimiter", [None, ";", "\t", "tab", "¦"])
def test_a_file_may_have_any_delimiter_and_encoding(encoding: str, delimiter: str | None) -> None:
    block = {"encoding": encoding, "delimiter": delimiter}
    assert load_config({"dataset": {"file": block}}).dataset.file.encoding == encoding
