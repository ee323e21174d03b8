"""Where texts come from: one registry, from the configuration's ``dataset`` block to texts.

To add a source, write its block in `batchscope.config.dataset`, a module beside this one that has ``load``,
and its entry in `SOURCES`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchscope.config.dataset import Dataset
from batchscope.config.task import Task
from batchscope.inputs.texts import csv_file, generate, hub, imdb, user_file
from batchscope.inputs.texts.source_text import Loaded


def _no_files(_: Dataset) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Source:
    """How the texts of one source are had."""

    load: Callable[[Dataset, Path, Task], Loaded]
    """from the ``dataset`` block, the folder where files from the network stay, and the task, whose labels
    help to find their column; gold labels come as the source spells them"""
    files: Callable[[Dataset], Sequence[str]] = _no_files
    """the files of the user's that it reads: when one changes, the data set is made again"""


SOURCES: dict[str, Source] = {
    "generated": Source(generate.load),
    "file": Source(user_file.load, user_file.files),
    "hub": Source(hub.load),
    "csv": Source(csv_file.load, csv_file.files),
    "imdb": Source(imdb.load),
}
"""Sources by the name that ``dataset.source`` has for them."""


def load_texts(dataset: Dataset, downloads: Path, task: Task) -> Loaded:
    """Load the texts of the configured source, copies included.

    Args:
        dataset: The configuration's ``dataset`` block; paths are relative to the working directory.
        downloads: Folder where files from the network stay; a file there is not fetched again.
        task: What the texts are labelled with.

    Raises:
        UserError: the source cannot be had or is dirty; the message names the key.
    """
    return SOURCES[dataset.source].load(dataset, downloads, task)


def module_of(source: str) -> str:
    """The dotted name of the module that reads a source."""
    return SOURCES[source].load.__module__
