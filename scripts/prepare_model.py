"""Make one folder that vLLM can load: from the hub, from a local folder, or the demo's tiny Llama."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from batchscope.common.errors import UserError, run_script
from batchscope.config.engine import Environment
from batchscope.config.model import ModelAsset
from batchscope.inputs.demo_model import DEMO_CORPUS_SEED, prepare_demo, training_examples
from batchscope.inputs.models import filled_folder, prepare_hub, prepare_local, write_manifest
from batchscope.inputs.sparsity import UNPACKER, make_sparse, why_not_counted
from batchscope.inputs.texts.generate import generate_reviews
from batchscope.inputs.texts.source_text import SourceText
from batchscope.jobs.environments import ROOT, require
from batchscope.planning.after_fetch import look_again

DEMO_CORPUS = 6000
"""Reviews."""


def main() -> None:
    """Fill the folder and describe it in manifest.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--asset", required=True, help="JSON: the entry under 'models'")
    parser.add_argument("--environments", default="{}", help="JSON: engine environment to its Python")
    parser.add_argument("--environment", help="the one that trains the demo's model, and reads 2:4 weights")
    parser.add_argument("--out", type=Path, required=True, help="model folder to make")
    args = parser.parse_args()
    asset = ModelAsset(**json.loads(args.asset))

    environments = json.loads(args.environments)
    pythons = [sys.executable, *filter(os.path.exists, environments.values())]
    convert = partial(convert_tokenizer, pythons=pythons)
    with filled_folder(args.out) as folder:
        commit = None
        if asset.source == "demo":
            make_demo(folder, asset, lambda: python_of(args.environment, environments))
        elif asset.source == "local":
            prepare_local(folder, asset.folder, asset, convert)
        else:
            commit = prepare_hub(folder, asset, convert)
            look_again(args.out.name, folder, args.out.parent.parent)
        sparsity = None
        if asset.pattern:
            refuse_quantized(folder, asset)
            first = python_of(args.environment, environments)
            readers = [first, *(each for each in pythons[1:] if each != first)]
            sparsity = make_sparse(folder, asset, read_weights(folder, asset, readers, ROOT / UNPACKER))
            print(told(args.out.name, sparsity))
        write_manifest(folder, asset, commit, sparsity)
    print(f"model folder {args.out} is ready ({asset.source}, load_format: {asset.load_format})")


def refuse_quantized(folder: Path, asset: ModelAsset) -> None:
    """Refuse 2:4 for weights in which it can be neither made nor counted.

    Raises:
        UserError: says how they are quantized.
    """
    if why := why_not_counted(json.loads((folder / "config.json").read_text(encoding="utf-8"))):
        where = asset.id or asset.path or asset.source
        raise UserError(f"models: {where}: {why}; name the model before it was quantized")


def read_weights(
    folder: Path, asset: ModelAsset, pythons: Sequence[str], unpacker: Path
) -> Iterator[dict[str, Any]]:
    """Prune a folder's weights where that is asked for, unpack and count them, in one Python after another.

    Args:
        folder: the model's; links to weights are replaced, what they lead to stays.
        asset: what the configuration says of it.
        pythons: the first one first.
        unpacker: a folder that may hold the version of compressed-tensors that unpacks weights.

    Yields:
        What each found, with the unpacker's folder where there is one, then by itself.

    Raises:
        UserError: one broke off.
    """
    beside = [[str(unpacker)], []] if unpacker.is_dir() else [[]]
    for extra in beside:
        for python in pythons:
            yield asked(python, folder, asset, extra)


def asked(python: str, folder: Path, asset: ModelAsset, extra: Sequence[str]) -> dict[str, Any]:
    """What one Python found; ``extra``: folders before all others on its path."""
    with tempfile.TemporaryDirectory(prefix="batchscope-") as scratch:
        job, answer = Path(scratch) / "job.json", Path(scratch) / "answer.json"
        what = {"folder": str(folder.resolve()), "prune": bool(asset.prune), "answer": str(answer)}
        job.write_text(json.dumps(what))
        path = os.pathsep.join([*extra, *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [python, "-m", "batchscope.worker.sparsity", str(job)]
        status = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": path}).returncode
        if status or not answer.exists():
            raise UserError(f"models: reading the weights ended with status {status}, see above")
        found: dict[str, Any] = json.loads(answer.read_text())
        return found


def told(model: str, sparsity: dict[str, Any]) -> str:
    """What was found in the weights, for the log."""
    return (
        f"{model}: {sparsity['pattern']} in {sparsity['tensors']:,} tensors, {sparsity['groups']:,} groups "
        f"of four; {sparsity['zeros']:,} of {sparsity['weights']:,} weights are zero"
    )


def make_demo(folder: Path, asset: ModelAsset, python: Callable[[], str]) -> None:
    """Make the demo's model; ``python``: finds the one that trains it, where it is to be trained."""
    reviews = generate_reviews(DEMO_CORPUS, DEMO_CORPUS_SEED)
    tokenizer = prepare_demo(folder, reviews)
    if asset.load_format != "dummy":
        train(folder, tokenizer, reviews, python())


def convert_tokenizer(folder: Path, pythons: Sequence[str]) -> str:
    """Make tokenizer.json of the other tokenizer files in a folder, in the first Python that can.

    Returns:
        Why the last one cannot; nothing where it was made.
    """
    reason = "there is no Python with transformers"
    for python in pythons:
        command = [python, "-m", "batchscope.worker.fast_tokenizer", str(folder)]
        converted = subprocess.run(command, capture_output=True, text=True, check=False)
        if not converted.returncode:
            return ""
        reason = (converted.stderr.strip().splitlines() or ["it ended without a word"])[-1]
    return reason.replace(f"{folder}/", "")


def python_of(name: str, environments: dict[str, str]) -> str:
    """The Python that has PyTorch.

    Raises:
        UserError: it is not there.
    """
    return require(name, Environment(python=environments[name], device="cpu"))


def train(folder: Path, tokenizer: Tokenizer, reviews: list[SourceText], python: str) -> None:
    """Train the demo's model, about a minute.

    Raises:
        UserError: training failed; its output stands above the message.
    """
    with tempfile.TemporaryDirectory(prefix="batchscope-") as scratch:
        examples, job = Path(scratch) / "examples.jsonl", Path(scratch) / "job.json"
        with examples.open("w", encoding="utf-8") as file:
            for example in training_examples(tokenizer, reviews, DEMO_CORPUS_SEED):
                file.write(json.dumps(vars(example)) + "\n")
        job.write_text(json.dumps({"folder": str(folder.resolve()), "examples": str(examples)}))
        if subprocess.run(
            [python, "-m", "batchscope.worker.demo_model_training", str(job)], check=False
        ).returncode:
            raise UserError(
                "training the demo's model failed, see above; load_format: dummy under models does without"
            )


if __name__ == "__main__":
    run_script(main)
