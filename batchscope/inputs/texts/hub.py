"""The source ``hub``: a data set of the Hugging Face hub, from its Parquet files.

The hub keeps a conversion to Parquet of every public data set, on a branch of its own with the folders
``{config}/{split}``. A repository's own Parquet files are taken where another revision is asked for, or where
there is no conversion.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, NoReturn

from batchscope.common.errors import UserError
from batchscope.config.dataset import Dataset, HubDataset
from batchscope.config.task import Task
from batchscope.inputs.hub_answers import Asked, explain
from batchscope.inputs.texts.files.read import read_table, texts_of
from batchscope.inputs.texts.files.table import Request, Table
from batchscope.inputs.texts.gold import words_of
from batchscope.inputs.texts.source_text import Loaded

CONVERTED = "refs/convert/parquet"
"""The branch with the hub's own conversion."""

DEFAULT_CONFIG = "default"


class Part(NamedTuple):
    """A Parquet file of a repository: which subset and which split it belongs to."""

    config: str
    split: str
    path: str


def load(dataset: Dataset, _: Path, task: Task) -> Loaded:
    """The rows of one split, see `batchscope.inputs.texts.sources`; files stay in the hub's own cache.

    Raises:
        UserError: the hub is out of reach, has no such data set, subset, split or column, or rows are dirty.
    """
    block = dataset.hub
    request = Request(
        "dataset.hub",
        text_column=block.text_column,
        label_column=block.label_column,
        id_column=block.id_column,
        labels=words_of(task),
        keys_of_format=False,
    )
    commit, parts = _parts_of(block)
    wanted = choose_parts(parts, block)
    tables = [_table(block, commit, part, request) for part in wanted]
    texts, columns = texts_of(joined(tables), Path(str(block.id)), request)
    provenance: dict[str, str | int] = {
        "id": str(block.id),
        "config": wanted[0].config,
        "split": wanted[0].split,
        "commit": commit,
    }
    return Loaded(texts, "as on the hub", provenance, request.key("label_column"), (columns,))


def parts_in(paths: Sequence[str]) -> list[Part]:
    """The Parquet files among a repository's files, in the order of their rows.

    Known are ``{config}/{split}/0000.parquet``, as the hub converts, and what the library datasets writes:
    ``data/{split}-00000-of-00001.parquet`` or ``{config}/{split}-...``.
    """
    parts = []
    for path in sorted(paths):
        folders, _, name = path.rpartition("/")
        if not name.endswith(".parquet"):
            continue
        config, _, split = folders.rpartition("/")
        if named := re.match(r"(.+?)(?:-\d+-of-\d+[^/]*)?\.parquet", name):
            converted = name.removesuffix(".parquet").isdecimal()
            config, split = (config, split) if converted else (folders, named[1])
        config = DEFAULT_CONFIG if config in {"", "data"} else config
        # A data set that is too large for the hub is converted in part, and the folder says so.
        parts.append(Part(config, split.removeprefix("partial-"), path))
    return parts


def choose_parts(parts: Sequence[Part], block: HubDataset) -> list[Part]:
    """Those of the subset and the split that the configuration names.

    Raises:
        UserError: there are none, or it must say which subset.
    """
    configs = list(dict.fromkeys(part.config for part in parts))
    if not configs:
        _refuse(
            "id", f"{block.id} has no Parquet files; download it by other means and set dataset.source: file"
        )
    if block.config is None and len(configs) > 1:
        _refuse("config", f"{block.id} has several subsets: {_shown(configs)}; name one")
    config = block.config or configs[0]
    if config not in configs:
        _refuse("config", f"{block.id} has no subset '{config}'; name one of: {_shown(configs)}")
    found = [part for part in parts if part.config == config and part.split == block.split]
    if not found:
        splits = list(dict.fromkeys(part.split for part in parts if part.config == config))
        _refuse("split", f"{block.id} has no split '{block.split}'; name one of: {_shown(splits)}")
    return found


def joined(tables: Sequence[Table]) -> Table:
    """The rows of several files with the same columns, one after the other."""
    return Table(tables[0].columns, [row for table in tables for row in table.rows], header=False)


def _parts_of(block: HubDataset) -> tuple[str, list[Part]]:
    """The commit that is read, and the repository's Parquet files there."""
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RevisionNotFoundError

    api = HfApi()

    def listed(revision: str | None) -> tuple[str, list[Part]]:
        info = api.dataset_info(str(block.id), revision=revision)
        return str(info.sha), parts_in([file.rfilename for file in info.siblings or []])

    with _explained(block):
        if block.revision is None:
            try:
                return listed(CONVERTED)
            except RevisionNotFoundError:
                return listed(None)
        return listed(block.revision)


def _table(block: HubDataset, commit: str, part: Part, request: Request) -> Table:
    from huggingface_hub import hf_hub_download

    with _explained(block):
        path = hf_hub_download(str(block.id), part.path, repo_type="dataset", revision=commit)
    table = read_table(Path(path), request)
    rows = [row._replace(file=f"{block.id}/{part.path}") for row in table.rows]
    return Table(table.columns, rows, header=False)


@contextmanager
def _explained(block: HubDataset) -> Iterator[None]:
    """What the hub answers, as messages that say what to do."""
    try:
        yield
    except Exception as error:  # noqa: BLE001, errors of its HTTP client come through
        by_hand = "set dataset.source: file with the path of its file"
        _refuse(*explain(error, Asked("data set", str(block.id), block.revision, by_hand)))


def _refuse(key: str, what: str) -> NoReturn:
    raise UserError(f"dataset.hub.{key}: {what}")


def _shown(names: Sequence[str]) -> str:
    return ", ".join([*names[:20], *(["..."] if len(names) > 20 else [])])
