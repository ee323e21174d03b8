"""The registry of data sources: what the configuration offers, and whose code decides whether texts are stale."""

from typing import get_args

import pytest

from batchscope.config.dataset import Dataset
from batchscope.config.task import Task
from batchscope.inputs.texts.source_text import Loaded
from batchscope.inputs.texts.sources import SOURCES, load_texts, module_of
from batchscope.workflow.code_digest import reached


def test_the_configuration_offers_all_sources_each_with_its_block():
    assert list(get_args(Dataset.model_fields["source"].annotation)) == list(SOURCES)
    assert set(SOURCES) <= set(Dataset.model_fields)


def test_one_entry_brings_a_source(tmp_path, monkeypatch):
    generated = SOURCES["generated"]
    monkeypatch.setitem(SOURCES, "imdb", generated)
    dataset = Dataset.model_validate({"source": "imdb", "generated": {"texts": 7, "seed": 3}})
    loaded = load_texts(dataset, tmp_path, Task())
    assert loaded == generated.load(dataset, tmp_path, Task())
    assert isinstance(loaded, Loaded)
    assert len(loaded.texts) == 7


@pytest.mark.parametrize("source", ["csv", "file"])
@pytest.mark.parametrize(
    ("path", "files"), [("mine.csv", ["mine.csv"]), ("https://example.org/a.csv", []), ("HTTP://x/a", [])]
)
def test_a_file_of_the_users_is_an_input_and_an_address_is_none(source, path, files):
    dataset = Dataset.model_validate({"source": source, source: {"path": path}})
    assert list(SOURCES[source].files(dataset)) == files


@pytest.mark.parametrize("source", ["generated", "hub", "imdb"])
def test_what_comes_from_elsewhere_is_no_input(source):
    assert list(SOURCES[source].files(Dataset())) == []


@pytest.mark.parametrize("name", SOURCES)
def test_only_the_source_in_use_is_code_of_the_data_set(name):
    """As rules/common.smk has it: the list of sources leads to all of them, and is left out."""
    left_out = ["batchscope.inputs.texts.sources", *(module_of(other) for other in SOURCES if other != name)]
    found = reached(["scripts.make_dataset", module_of(name)], left_out)
    assert {source for source in SOURCES if module_of(source) in found} == {name}
    assert "batchscope.inputs.texts.source_text" in found
    downloads = "batchscope.inputs.texts.download" in found
    assert downloads is (name in {"file", "csv", "imdb"}), "the hub has its own client"
