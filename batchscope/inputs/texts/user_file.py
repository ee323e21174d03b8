"""The source ``file``: a file of the user's in any format, a folder, or an address."""

from collections.abc import Sequence
from pathlib import Path

from batchscope.config.dataset import Dataset
from batchscope.config.task import Task
from batchscope.inputs.texts.files.location import load_file, local_files
from batchscope.inputs.texts.files.table import Request
from batchscope.inputs.texts.gold import words_of
from batchscope.inputs.texts.source_text import Loaded


def load(dataset: Dataset, downloads: Path, task: Task) -> Loaded:
    """The texts of a file, a folder or an address, see `batchscope.inputs.texts.sources`.

    Raises:
        UserError: there is no file, it cannot be fetched, it is another one, or `read_texts` refuses it.
    """
    block = dataset.file
    request = Request(
        "dataset.file",
        format=block.format,
        delimiter=block.delimiter,
        quotes=block.quotes,
        encoding=block.encoding,
        text_column=block.text_column,
        label_column=block.label_column,
        id_column=block.id_column,
        labels=words_of(task),
    )
    return load_file(block.path, block.sha256, downloads, request)


def files(dataset: Dataset) -> Sequence[str]:
    """The file, or all .txt files of the folder; none if it comes from the network."""
    return local_files(dataset.file.path)
