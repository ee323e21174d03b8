"""The demo's tiny Llama: its shape, its tokenizer, and the texts that it is trained on.

`batchscope.worker.demo_model_training` trains it with an engine environment's Python, which has PyTorch, from
token ids. The training texts come from the generator of the demo's reviews, with another seed, so that the
model has not seen the reviews that it labels.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from batchscope.config.prompts import PromptTexts
from batchscope.inputs.texts.source_text import SourceText
from batchscope.inputs.wording import render, wording_of

CONFIG: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
    "vocab_size": 10240,
    "max_position_embeddings": 16384,
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "tie_word_embeddings": False,
    "attention_bias": False,
    "mlp_bias": False,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "torch_dtype": "bfloat16",
}
"""A Llama small enough for a laptop; vLLM's CPU attention needs head_dim >= 32."""

TOKENIZER_REVIEWS = 2000
PACKED_TOGETHER = 4
SEPARATE, PACKED = wording_of(PromptTexts(), "separate"), wording_of(PromptTexts(), "packed")

SHARES_OF_N = {1: 0.7, 2: 0.2, 4: 0.1}
"""Share of training prompts with n reviews each. n stays small: a model of this size does not learn which
sentence belongs to which review, and longer prompts take time."""

EXCERPT_SENTENCES = (2, 6)
"""Fewest and most sentences of an excerpt. Excerpts come first: their labels depend on few words, which is
learned faster."""


@dataclass(frozen=True)
class Stage:
    """A part of the training: its prompt tokens, and whether prompts hold excerpts or whole reviews."""

    tokens: int
    excerpts: bool


STAGES = (Stage(tokens=900_000, excerpts=True), Stage(tokens=500_000, excerpts=False))


@dataclass(frozen=True)
class Example:
    """A prompt, and its answer: one token for each review."""

    token_ids: list[int]
    answers: list[int]


def prepare_demo(folder: Path, reviews: Sequence[SourceText]) -> Tokenizer:
    """Write the tiny Llama's configuration and train its tokenizer on prompts of ``reviews``."""
    tokenizer = train_tokenizer(tokenizer_corpus(reviews[:TOKENIZER_REVIEWS]))
    tokenizer.save(str(folder / "tokenizer.json"))
    for name, content in (
        ("config.json", CONFIG),
        (
            "tokenizer_config.json",
            {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<s>", "eos_token": "</s>"},
        ),
    ):
        (folder / name).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    return tokenizer


def tokenizer_corpus(reviews: Sequence[SourceText]) -> Iterator[str]:
    """Prompts of both layouts: words that only one of them has are to become tokens too."""
    half = len(reviews) // 2
    yield from (render([(0, review)], SEPARATE) for review in reviews[:half])
    yield from (
        render(list(enumerate(reviews[at : at + PACKED_TOGETHER])), PACKED)
        for at in range(half, len(reviews), PACKED_TOGETHER)
    )


def train_tokenizer(corpus: Iterable[str]) -> Tokenizer:
    """Train a byte-level BPE. Every prompt names both labels, so each label becomes one token."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=4096,
        special_tokens=["<s>", "</s>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus, trainer)
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 0)])
    return tokenizer


def training_examples(tokenizer: Tokenizer, reviews: Sequence[SourceText], seed: int) -> Iterator[Example]:
    """Prompts of all `STAGES`, in order; the same arguments give the same prompts."""
    rng = Random(seed)  # noqa: S311 -- no secret
    answers = {label: answer_token(tokenizer, label) for label in ("positive", "negative")}
    for stage in STAGES:
        left = stage.tokens
        while left > 0:
            for members in (_members(reviews, stage, rng) for _ in range(256)):
                text = render(list(enumerate(members)), SEPARATE if len(members) == 1 else PACKED)
                token_ids = tokenizer.encode(text).ids
                yield Example(token_ids, [answers[str(review.label)] for review in members])
                left -= len(token_ids)


def answer_token(tokenizer: Tokenizer, label: str) -> int:
    """The token that stands for a label in an answer: the word with the blank before it."""
    (token,) = tokenizer.encode(f" {label}", add_special_tokens=False).ids
    return int(token)


def _members(reviews: Sequence[SourceText], stage: Stage, rng: Random) -> list[SourceText]:
    """The reviews of one prompt, or excerpts of them."""
    (n,) = rng.choices(list(SHARES_OF_N), weights=list(SHARES_OF_N.values()))
    chosen = [reviews[rng.randrange(len(reviews))] for _ in range(n)]
    return [excerpt(review, rng) for review in chosen] if stage.excerpts else chosen


def excerpt(review: SourceText, rng: Random) -> SourceText:
    """A few consecutive sentences of a review."""
    sentences = (
        review.content.replace("<br /><br />", " ").replace("! ", "!\n").replace(". ", ".\n").split("\n")
    )
    count = rng.randint(*EXCERPT_SENTENCES)
    first = rng.randrange(max(1, len(sentences) - count + 1))
    return SourceText(" ".join(islice(sentences, first, first + count)), review.label)
