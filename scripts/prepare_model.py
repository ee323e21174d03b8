"""Make one folder that vLLM can load: from the hub, from a local folder, or the demo's tiny Llama."""

import argparse
import json
from pathlib import Path

from batchscope.config import ModelAsset
from batchscope.data.generate import generate_reviews
from batchscope.errors import run_script
from batchscope.models import empty_folder, prepare_demo, prepare_hub, prepare_local, write_manifest

DEMO_CORPUS_SEED = 1_000_003
"""Far from the seeds people give the data set, so that the tokenizer has not seen the reviews it meets."""


def main() -> None:
    """Fill the folder and describe it in manifest.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asset", required=True, help="JSON: the entry under 'models'")
    parser.add_argument("--out", type=Path, required=True, help="model folder to make")
    args = parser.parse_args()
    asset = ModelAsset(**json.loads(args.asset))

    empty_folder(args.out)
    commit = None
    if asset.source == "demo":
        prepare_demo(args.out, (review.text for review in generate_reviews(2000, DEMO_CORPUS_SEED)))
    elif asset.source == "local":
        prepare_local(args.out, Path(asset.path or ""), asset)
    else:
        commit = prepare_hub(args.out, asset)
    write_manifest(args.out, asset, commit)
    print(f"model folder {args.out} is ready ({asset.source}, load_format: {asset.load_format})")


if __name__ == "__main__":
    run_script(main)
