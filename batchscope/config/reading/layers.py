"""The parts of a configuration, one over the other, before they are merged and nobody can tell them apart."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from batchscope.common.errors import UserError
from batchscope.config.documented.default_studies import default_studies
from batchscope.config.reading.files import Layer, read_file
from batchscope.config.reading.messages import list_names
from batchscope.config.serving import default_serving_studies

STUDIES: dict[tuple[str, ...], Callable[[], Mapping[str, Any]]] = {
    ("studies",): default_studies,
    ("serving", "studies"): default_serving_studies,
}

RESOLVED = "config.json"
"""What a call writes into its results: nulls in it are of studies that were there when it was written."""


def check_layers(files: Sequence[Path], given: Mapping[str, Any]) -> None:
    """Read configuration files strictly, and stop at an entry that drops a study that there is not.

    Args:
        files: in the order in which they lie over each other; those that are not there are left out.
        given: what lies over all of them, from the command line.

    Raises:
        UserError: names the file, and the line or the key.
    """
    layers = [*(read_file(path) for path in files if path.exists()), Layer("--config", given)]
    for keys, defaults in STUDIES.items():
        known = set(defaults())
        for layer in layers:
            entries = _entries(layer.values, keys)
            if Path(layer.source).name != RESOLVED:
                _refuse_unknown(layer.source, ".".join(keys), entries, known)
            known |= set(entries)


def _entries(values: Any, keys: Sequence[str]) -> Mapping[Any, Any]:
    """The mapping at a place; empty where there is something else, which the models refuse."""
    for key in keys:
        values = values.get(key) if isinstance(values, Mapping) else None
    return values if isinstance(values, Mapping) else {}


def _refuse_unknown(source: str, block: str, entries: Mapping[Any, Any], known: set[str]) -> None:
    for name, entry in entries.items():
        if entry is None and name not in known:
            raise UserError(
                f"{source}: {block}.{name}: null drops a study, and there is none of that name; "
                f"{list_names(str(name), sorted(known))}"
            )
