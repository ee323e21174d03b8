"""Where reviews come from: one registry, from the configuration's ``dataset`` block to reviews.

To add a source, write its block in `batchscope.config.dataset`, a module beside this one that has ``load``,
and its entry in `SOURCES`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchscope.config.dataset import Dataset
from batchscope.inputs.texts import csv_file, generate, imdb
from batchscope.inputs.texts.reviews import Loaded


def _no_files(_: Dataset) -> Sequence[str]:
    return ()


@dataclass(frozen=True)
class Source:
    """How the reviews of one source are had."""

    load: Callable[[Dataset, Path], Loaded]
    """from the ``dataset`` block, and the folder where files from the network stay"""
    files: Callable[[Dataset], Sequence[str]] = _no_files
    """the files of the user's that it reads: when one changes, the data set is made again"""


SOURCES: dict[str, Source] = {
    "generated": Source(generate.load),
    "csv": Source(csv_file.load, csv_file.files),
    "imdb": Source(imdb.load),
}
"""Sources by the name that ``dataset.source`` has for them."""


def load_reviews(dataset: Dataset, downloads: Path) -> Loaded:
    """Load the reviews of the configured source, copies included.

    Args:
        dataset: The configuration's ``dataset`` block; paths are relative to the working directory.
        downloads: Folder where files from the network stay; a file there is not fetched again.

    Raises:
        UserError: the source cannot be had or is dirty; the message names the key.
    """
    return SOURCES[dataset.source].load(dataset, downloads)


def module_of(source: str) -> str:
    """The dotted name of the module that reads a source."""
    return SOURCES[source].load.__module__
