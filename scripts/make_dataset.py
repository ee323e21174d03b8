"""Write the reviews of the configured source, in their order, with a summary beside them."""

import argparse
import json
from pathlib import Path

from pydantic import ValidationError

from batchscope.common.atomic_files import replacing
from batchscope.common.errors import UserError, run_script
from batchscope.config.dataset import Dataset
from batchscope.inputs.texts.reviews import deduplicate, describe, summarise, write_reviews
from batchscope.inputs.texts.sources import load_reviews


def main() -> None:
    """Load, count copies, write both files, tell the user."""
    arguments = parse_arguments()
    dataset = parse_dataset(arguments.config)
    loaded = load_reviews(dataset, arguments.downloads)
    reviews, copies = deduplicate(loaded.reviews, drop=dataset.deduplicate)
    summary = summarise(reviews, dataset.source, copies, loaded.order, loaded.provenance)
    with replacing(arguments.summary) as summary_file, replacing(arguments.reviews) as reviews_file:
        write_reviews(reviews, reviews_file)
        summary_file.write_text(json.dumps(summary, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(describe(summary))


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", required=True, help="the dataset block of the configuration, as JSON")
    parser.add_argument("--reviews", required=True, type=Path, help="CSV to write: review_id, review, label")
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


def parse_dataset(text: str) -> Dataset:
    """Check the dataset block.

    Raises:
        UserError: it is no JSON or holds wrong values; one line per wrong key.
    """
    try:
        return Dataset.model_validate_json(text)
    except ValidationError as error:
        problems = [f"  dataset.{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors()]
        raise UserError("\n".join(["--config is wrong:", *problems])) from None


if __name__ == "__main__":
    run_script(main)
