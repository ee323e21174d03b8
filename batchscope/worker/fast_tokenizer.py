"""Makes tokenizer.json of older tokenizer files: ``python -m batchscope.worker.fast_tokenizer FOLDER``.

Engine environments have packages for it that Snakemake's lacks.
"""

import sys
from pathlib import Path


def main() -> None:
    """Write ``tokenizer.json`` into the folder, or say in a line why not."""
    try:
        make_fast_tokenizer(Path(sys.argv[1]))
    except Exception as error:  # noqa: BLE001, transformers raises what it likes
        sys.exit(" ".join(str(error).split()) or type(error).__name__)


def make_fast_tokenizer(folder: Path) -> None:
    """Write ``tokenizer.json`` as transformers converts the other files of the folder.

    Raises:
        ImportError, OSError, ValueError and others: transformers cannot.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), trust_remote_code=False, local_files_only=True)
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))


if __name__ == "__main__":
    main()
