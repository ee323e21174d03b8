"""The source ``csv``, the older form of ``file``: a CSV file in UTF-8 with commas and given columns."""

from collections.abc import Sequence
from pathlib import Path

from batchscope.config.dataset import Dataset
from batchscope.config.task import Task
from batchscope.inputs.texts.files.location import load_file, local_files
from batchscope.inputs.texts.files.table import Request
from batchscope.inputs.texts.gold import words_of
from batchscope.inputs.texts.source_text import Loaded


def load(dataset: Dataset, downloads: Path, task: Task) -> Loaded:
    """The texts of a CSV file or address, after its checksum, see `batchscope.inputs.texts.sources`.

    Raises:
        UserError: there is no file, it cannot be fetched, it is another one, or its reader refuses it.
    """
    block = dataset.csv
    request = Request(
        "dataset.csv",
        format="csv",
        delimiter=",",
        text_column=block.text_column,
        label_column=block.label_column,
        labels=words_of(task),
        text_key="text_column",
        keys_of_format=False,
    )
    return load_file(block.path, block.sha256, downloads, request)


def files(dataset: Dataset) -> Sequence[str]:
    """The file, unless it comes from the network."""
    return local_files(dataset.csv.path)
