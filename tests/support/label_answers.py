"""A tokenizer that knows label words, and answers to prompts."""

from pathlib import Path

import pandas as pd
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from batchscope.config.prompts import PromptTexts
from batchscope.config.task import Task
from batchscope.inputs.answers.reader import AnswerReader
from batchscope.inputs.prompts import Prompt, build_prompts, write_prompts
from batchscope.inputs.texts.source_text import SourceText
from batchscope.results.asked_prompts import read_prompts
from batchscope.results.label_rows import LABELS, label_rows
from batchscope.studies.run import PromptSet

P, N = "positive", "negative"

PUBLISHED = Task.model_validate({"labels": [{"name": P, "spellings": ["postive"]}, N]})
"""The published study's labels, with the spelling that its prompt asks for."""


def label_tokenizer() -> Tokenizer:
    """Byte-level BPE, as most models have, that knows label words with and without a blank as one token each."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    made.train_from_iterator(["positive positive\nnegative negative\npositive negative"] * 50, trainer)
    return made


def ids_of(tokenizer: Tokenizer, text: str, n: int | None = None) -> list[int]:
    """The first n tokens of a text: what a run with n output tokens gets of an answer."""
    return tokenizer.encode(text, add_special_tokens=False).ids[:n]


def answers_to(tokenizer: Tokenizer, prompts: list[Prompt], said: dict[int, str]) -> pd.DataFrame:
    """One repeat in which each text is answered as ``said`` has it, in the order of its prompt."""
    return pd.DataFrame(
        {
            "repeat": 0,
            "prompt": [prompt.id for prompt in prompts],
            "output_token_ids": [
                pd.array(ids_of(tokenizer, "\n".join(said[number] for number in prompt.text_ids)), "int32")
                for prompt in prompts
            ],
        }
    )


def packed(
    tokenizer: Tokenizer, texts: list[tuple[int, SourceText]], n: int, duplicates: int = 1
) -> list[Prompt]:
    wanted = PromptSet("m", "packed", n, len(texts), duplicates)
    return build_prompts(texts, wanted, PromptTexts(), tokenizer)


def scored(folder: Path, tokenizer: Tokenizer, prompts: list[Prompt], said: dict[int, str]) -> pd.DataFrame:
    path = folder / f"{len(list(folder.iterdir()))}.jsonl"
    write_prompts(prompts, path)
    rows = label_rows(
        "r",
        answers_to(tokenizer, prompts, said),
        read_prompts(path),
        AnswerReader(tokenizer, PUBLISHED),
        PUBLISHED.names,
    )
    assert rows.schema == LABELS
    return rows.to_pandas()


def none_for_na(rows: pd.DataFrame) -> list[str | None]:
    return [None if pd.isna(label) else label for label in rows["label"]]
