"""Turn texts into the prompts of one prompt set: JSON lines, counts beside them."""

import argparse
import json
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batchscope.common.atomic_files import replacing
from batchscope.common.canonical_json import canonical_json
from batchscope.common.errors import UserError, run_script
from batchscope.config.prompts import PromptTexts
from batchscope.config.task import Task
from batchscope.config.workload import Workload
from batchscope.inputs.answers.limits import longest_answer
from batchscope.inputs.chat import chat_template
from batchscope.inputs.context import context_length
from batchscope.inputs.cut_texts import cut_texts
from batchscope.inputs.fitting import Fitting, check_context, too_long_alone
from batchscope.inputs.models import load_tokenizer
from batchscope.inputs.prompts import (
    Maker,
    NumberedText,
    Prompt,
    check_prompts,
    first_texts,
    label_token_ids,
    make_prompts,
    maker_of,
    summarise,
    write_prompts,
    write_texts,
)
from batchscope.inputs.vocabulary import check_token_ids
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
    asked = first_texts(args.data, wanted.texts, fit=wanted.fit)
    texts, cut = cut_texts(asked, tokenizer, wanted.text_tokens, wanted.cut)
    maker = maker_of(wanted, wordings, tokenizer, task, chat_template(args.model, wordings))
    rooms = Rooms([(context_length(args.model, each), each) for each in spec["engines"] or [{}]])

    start = time.perf_counter()
    prompts = make_prompts(maker, texts)
    seconds = time.perf_counter() - start
    check_prompts(maker, prompts, texts)
    check_token_ids((prompt.token_ids for prompt in prompts), args.model, wanted.id)
    largest_n = rooms.fitted(maker, texts, task) if wanted.fit else rooms.check(maker, prompts, texts)

    with replacing(args.prompts) as path:
        digest = write_prompts(prompts, path)
    with replacing(args.texts) as path:
        write_texts(maker, texts, path)
    summary = summarise(prompts, maker, digest, label_token_ids(tokenizer, task, wanted.answer))
    summary |= {"cut_texts": cut, **largest_n}
    args.summary.write_text(json.dumps(summary, indent=1) + "\n")
    args.timing.write_text(json.dumps({"tokenise_s": seconds, "threads": args.threads}) + "\n")
    if cut:
        print(f"{wanted.id}: {cut:,} of {len(texts):,} texts were cut to {wanted.text_tokens} tokens")
    print(f"{wanted.id}: {summary['prompts']:,} prompts, {summary['prompt_tokens']:,} prompt tokens")


@dataclass(frozen=True)
class Rooms:
    """What the runs that share the prompts have room for."""

    contexts: Sequence[tuple[int, Mapping[str, Any]]]
    """each context, and what decides it; see `batchscope.studies.prompt_spec`"""

    def check(self, maker: Maker, prompts: Sequence[Prompt], texts: Sequence[NumberedText]) -> dict[str, Any]:
        """Refuse prompts that the smallest context does not hold; there is nothing to write down.

        Raises:
            UserError: see `check_context`.
        """
        context, engine = min(self.contexts, key=lambda each: each[0])
        check_context(maker, prompts, context, texts, engine.get("max_model_len"))
        return {}

    def fitted(self, maker: Maker, texts: Sequence[NumberedText], task: Task) -> dict[str, Any]:
        """The largest n that fits, for each kind of run: those that have no room for theirs are left out.

        Raises:
            UserError: not even the largest context holds one of the texts; that is no question of n.
        """
        fittings = {
            canonical_json(room): fitting(maker, context, room, task) for context, room in self.contexts
        }
        widest = max(fittings.values(), key=lambda each: each.context)
        if problem := too_long_alone(widest, texts):
            raise UserError(f"{maker.wanted.id}: {problem}")
        n = maker.wanted.n
        return {"largest_n": {room: each.largest_n_up_to(n, texts) for room, each in fittings.items()}}


def fitting(maker: Maker, context: int, room: Mapping[str, Any], task: Task) -> Fitting:
    """What fits texts into the prompts of one kind of run."""
    return Fitting(
        maker, context, longest_answer(Workload(**room["workload"]), task, maker.encoder.tokenizer)
    )


if __name__ == "__main__":
    run_script(main)
