"""Write the texts of the configured source, in the order in which runs take them, and a summary of them."""

import argparse
import json
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from batchscope.common.atomic_files import replacing
from batchscope.common.errors import UserError, run_script
from batchscope.config.base_block import Block
from batchscope.config.dataset import Dataset
from batchscope.config.task import Task
from batchscope.inputs.texts.gold import with_gold
from batchscope.inputs.texts.selection import arrange
from batchscope.inputs.texts.source_text import deduplicate, write_source_texts
from batchscope.inputs.texts.sources import load_texts
from batchscope.inputs.texts.summary import Choice, describe, summarise

AnyBlock = TypeVar("AnyBlock", bound=Block)


def main() -> None:
    """Load, name gold labels, count copies, choose an order, write both files, tell the user."""
    arguments = parse_arguments()
    dataset = parse_block(Dataset, "dataset", arguments.config)
    task = parse_block(Task, "task", arguments.task)
    loaded = load_texts(dataset, arguments.downloads, task)
    kept, copies = deduplicate(with_gold(loaded, task), drop=dataset.deduplicate)
    texts = arrange(kept, dataset.selection, dataset.seed)
    choice = Choice(dataset.source, dataset.selection, dataset.seed)
    summary = summarise(texts, task.names, choice, copies, loaded)
    with replacing(arguments.summary) as summary_file, replacing(arguments.texts) as texts_file:
        write_source_texts(texts, texts_file)
        summary_file.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(describe(summary))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="the dataset block of the configuration, as JSON")
    parser.add_argument("--task", default="{}", help="the task block, as JSON (default: two labels)")
    parser.add_argument(
        "--texts", required=True, type=Path, help="CSV to write: texts, gold labels and where they stood"
    )
    parser.add_argument(
        "--summary", required=True, type=Path, help="JSON to write: counts, lengths, checksums"
    )
    parser.add_argument(
        "--downloads",
        type=Path,
        default=Path("results/data/downloads"),
        help="folder where downloaded files stay (default: %(default)s)",
    )
    return parser.parse_args()


def parse_block(kind: type[AnyBlock], name: str, text: str) -> AnyBlock:
    """Check a block of the configuration.

    Args:
        kind: The block's model.
        name: Its key, for messages.
        text: The block as JSON.

    Raises:
        UserError: it is no JSON or holds wrong values; one line per wrong key.
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        problems = [f"  {'.'.join(map(str, [name, *item['loc']]))}: {item['msg']}" for item in error.errors()]
        raise UserError("\n".join(["--config or --task is wrong:", *problems])) from None


if __name__ == "__main__":
    run_script(main)
