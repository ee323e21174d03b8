"""Turn texts into the prompts of one prompt set: JSON lines, counts beside them."""

import argparse
import json
import os
import time
from pathlib import Path

from batchscope.common.atomic_files import replacing
from batchscope.common.errors import run_script
from batchscope.config.prompts import PromptTexts
from batchscope.config.task import Task
from batchscope.inputs.chat import chat_template
from batchscope.inputs.context import context_length
from batchscope.inputs.cut_texts import cut_texts
from batchscope.inputs.models import load_tokenizer
from batchscope.inputs.prompts import (
    check_context,
    check_prompts,
    first_texts,
    label_token_ids,
    make_prompts,
    maker_of,
    summarise,
    write_prompts,
    write_texts,
)
from batchscope.studies.run import PromptSet


def main() -> None:
    """Read the texts and the tokenizer, write prompts.jsonl, texts.jsonl, prompts.json and timing.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spec", required=True, help="JSON: the prompt set, its wording and its task")
    parser.add_argument("--data", type=Path, required=True, help="the data set's texts.csv")
    parser.add_argument("--model", type=Path, required=True, help="model folder")
    parser.add_argument("--prompts", type=Path, required=True, help="JSON lines to write")
    parser.add_argument("--summary", type=Path, required=True, help="counts and content hash to write")
    parser.add_argument("--texts", type=Path, required=True, help="JSON lines to write: the prompts as text")
    parser.add_argument("--timing", type=Path, required=True, help="seconds spent tokenising, to write")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="threads of the tokenizer")
    args = parser.parse_args()
    os.environ["RAYON_NUM_THREADS"] = str(args.threads)

    spec = json.loads(args.spec)
    wanted, wordings, task = PromptSet(**spec["prompts"]), PromptTexts(**spec["texts"]), Task(**spec["task"])
    tokenizer = load_tokenizer(args.model, tell=print)
    asked = first_texts(args.data, wanted.texts)
    texts, cut = cut_texts(asked, tokenizer, wanted.text_tokens, wanted.cut)
    maker = maker_of(wanted, wordings, tokenizer, task, chat_template(args.model, wordings))
    contexts = [(context_length(args.model, each), each) for each in spec["engines"] or [{}]]
    context, engine = min(contexts, key=lambda each: each[0])

    start = time.perf_counter()
    prompts = make_prompts(maker, texts)
    seconds = time.perf_counter() - start
    check_prompts(maker, prompts, texts)
    check_context(maker, prompts, context, texts, engine.get("max_model_len"))

    with replacing(args.prompts) as path:
        digest = write_prompts(prompts, path)
    with replacing(args.texts) as path:
        write_texts(maker, texts, path)
    summary = summarise(prompts, maker, digest, label_token_ids(tokenizer, task, wanted.answer))
    summary["cut_texts"] = cut
    args.summary.write_text(json.dumps(summary, indent=1) + "\n")
    args.timing.write_text(json.dumps({"tokenise_s": seconds, "threads": args.threads}) + "\n")
    if cut:
        print(f"{wanted.id}: {cut:,} of {len(texts):,} texts were cut to {wanted.text_tokens} tokens")
    print(f"{wanted.id}: {summary['prompts']:,} prompts, {summary['prompt_tokens']:,} prompt tokens")


if __name__ == "__main__":
    run_script(main)
