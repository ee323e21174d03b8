"""From the configuration's ``dataset`` block to reviews."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from batchscope.common.errors import UserError
from batchscope.config.dataset import Dataset
from batchscope.inputs.texts.csv_file import read_csv
from batchscope.inputs.texts.download import download, file_digest, shown
from batchscope.inputs.texts.generate import generate_reviews
from batchscope.inputs.texts.imdb import ORDER, check_archive, read_archive
from batchscope.inputs.texts.reviews import Review


@dataclass(frozen=True)
class Loaded:
    """All reviews of a source, in which order they are, and where they come from."""

    reviews: list[Review]
    order: str
    provenance: dict[str, str | int]


def load_reviews(dataset: Dataset, downloads: Path) -> Loaded:
    """Load the reviews of the configured source, copies included.

    Args:
        dataset: The configuration's ``dataset`` block; ``csv.path`` is relative to the working directory.
        downloads: Folder where files from the network stay; a file there is not fetched again.

    Raises:
        UserError: the source cannot be had or is dirty; the message names the key.
    """
    loaders: dict[str, Callable[[Dataset, Path], Loaded]] = {
        "generated": _generated,
        "csv": _csv,
        "imdb": _imdb,
    }
    return loaders[dataset.source](dataset, downloads)


def _generated(dataset: Dataset, _: Path) -> Loaded:
    count, seed = dataset.generated.reviews, dataset.generated.seed
    return Loaded(generate_reviews(count, seed), "as generated", {"reviews": count, "seed": seed})


def _csv(dataset: Dataset, downloads: Path) -> Loaded:
    location = dataset.csv.path
    is_url = re.match("https?://", location, re.IGNORECASE) is not None
    path = Path(location)
    if is_url:
        # Two addresses may end in the same name; a file by hand is set as the path instead.
        key = hashlib.sha256(location.encode()).hexdigest()[:8]
        path = downloads / f"{key}-{_name(location, 'reviews.csv')}"
        download(location, path, key="dataset.csv.path", by_hand="set dataset.csv.path to the file")
    if not path.is_file():
        raise UserError(
            f"dataset.csv.path: there is no file {path} (seen from {Path.cwd()}); put it there or set the key"
        )
    got = file_digest(path, "sha256")
    if dataset.csv.sha256 not in (None, got):
        remedy = (
            "delete that file to download it again, or correct"
            if is_url
            else "name the right file, or correct"
        )
        raise UserError(
            f"dataset.csv.sha256: {path} has SHA-256 {got}, expected {dataset.csv.sha256}; "
            f"{remedy} the checksum"
        )
    provenance: dict[str, str | int] = {"path": shown(location) if is_url else location, "sha256": got}
    return Loaded(read_csv(path, dataset.csv), "as in the file", provenance)


def _imdb(dataset: Dataset, downloads: Path) -> Loaded:
    url, md5 = dataset.imdb.url, dataset.imdb.md5
    path = downloads / _name(url, "aclImdb_v1.tar.gz")
    download(url, path, key="dataset.imdb.url", by_hand=f"put it at {path}")
    check_archive(path, md5)
    return Loaded(read_archive(path), ORDER, {"url": shown(url), "md5": md5})


def _name(url: str, otherwise: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "_", urlsplit(url).path.rpartition("/")[2]).lstrip(".") or otherwise
