"""Checkpoints that compressed-tensors packed with bit masks, unpacked by that library itself.

Such a file holds for each matrix its values that are not zero, a mask of one bit a weight, and the shape. The
library lost the code for both forms of it in its version 0.15.0.
"""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from batchscope.common.errors import UserError
from batchscope.worker.sparsity.checkpoint import INDEX, files_of, write_files

FORMATS = ("sparse-24-bitmask", "sparse-bitmask")
"""As ``quantization_config.sparsity_config.format`` in config.json names them."""

FILE_BYTES = 4_000_000_000


class NoUnpackerError(Exception):
    """This Python has no compressed-tensors, or one that no longer unpacks."""


def packed_format(config: Mapping[str, Any]) -> str | None:
    """The form in which a model's weights are packed; None where they are not.

    Args:
        config: config.json.

    Raises:
        UserError: they are quantized beside being sparse.
    """
    how = config.get("quantization_config") or config.get("compression_config") or {}
    form = (how.get("sparsity_config") or {}).get("format")
    if form not in FORMATS:
        return None
    if how.get("config_groups"):
        raise UserError("its weights are quantized as well as sparse; name the model before quantization")
    return str(form)


def unpack(folder: Path, form: str) -> None:
    """Unpack a folder's weights into plain ones; config.json still says that they are packed.

    Raises:
        NoUnpackerError: another Python is needed.
    """
    try:
        # by name: no environment of ours needs it, and most hold a version without this part
        compressors, config = (
            import_module(f"compressed_tensors.{name}") for name in ("compressors", "config")
        )
        settings = config.SparsityCompressionConfig.load_from_registry(form, format=form)
        compressor = compressors.BaseCompressor.load_from_registry(form, config=settings)
    except (ImportError, KeyError, AttributeError) as error:
        raise NoUnpackerError(str(error)) from None
    packed = files_of(folder)

    def remove() -> None:
        (folder / INDEX).unlink(missing_ok=True)
        for path in packed:
            path.unlink()

    write_files(folder, compressor.decompress(str(folder)), FILE_BYTES, remove)
