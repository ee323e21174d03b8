"""Reviews to prompts: the wording, the token ids, and the file that the engine replays."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from batchscope.config import PromptTexts
from batchscope.data import Review, read_reviews
from batchscope.errors import UserError
from batchscope.runs import PromptSet

NumberedReview = tuple[int, Review]


@dataclass(frozen=True)
class Prompt:
    """One line of ``prompts.jsonl``: one request of a run."""

    id: int
    token_ids: list[int]
    review_ids: list[int]
    labels: list[str]
    layout: str
    n: int
    duplicate: int


def first_reviews(path: Path, count: int) -> list[tuple[int, Review]]:
    """The first ``count`` reviews of a normalised data set, each with its id.

    Raises:
        UserError: the data set holds fewer.
    """
    reviews = read_reviews(path)
    if len(reviews) < count:
        raise UserError(
            f"reviews: {count} asked, the data set holds {len(reviews)}; lower 'reviews' (or n) to fit"
        )
    return list(enumerate(reviews[:count]))


def group(reviews: Sequence[NumberedReview], n: int) -> list[Sequence[NumberedReview]]:
    """Consecutive groups of n; the last one holds what remains."""
    return [reviews[start : start + n] for start in range(0, len(reviews), n)]


def render(reviews: Sequence[NumberedReview], layout: str, texts: PromptTexts) -> str:
    """The text of one prompt.

    Braces inside a review stay as they are: the mark is replaced, nothing is formatted.
    """
    if layout == "separate":
        ((_, review),) = reviews
        return texts.separate.replace("{review}", review.text)
    return texts.packed.replace("{reviews}", texts.separator.join(review.text for _, review in reviews))


def tokenise(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, special tokens included; all cores work on one batch."""
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]


def build_prompts(
    reviews: Sequence[NumberedReview], wanted: PromptSet, texts: PromptTexts, tokenizer: Tokenizer
) -> list[Prompt]:
    """The prompts of one pass, duplicate by duplicate, so that copies of a prompt lie a whole pass apart."""
    groups = group(reviews, wanted.n)
    token_ids = tokenise(tokenizer, [render(members, wanted.layout, texts) for members in groups])
    return [
        Prompt(
            id=duplicate * len(groups) + index,
            token_ids=token_ids[index],
            review_ids=[number for number, _ in members],
            labels=[review.label for _, review in members],
            layout=wanted.layout,
            n=len(members),
            duplicate=duplicate,
        )
        for duplicate in range(wanted.duplicates)
        for index, members in enumerate(groups)
    ]


def check_context(
    prompts: Sequence[Prompt],
    context: int,
    reviews: Sequence[NumberedReview],
    wanted: PromptSet,
    texts: PromptTexts,
    tokenizer: Tokenizer,
) -> None:
    """Refuse prompts that the model cannot hold, each with one output token a review.

    Raises:
        UserError: names the longest prompt, the limit, and the largest n that fits.
    """
    longest = max(prompts, key=lambda prompt: len(prompt.token_ids) + prompt.n)
    if len(longest.token_ids) + longest.n <= context:
        return
    problem = (
        f"{wanted.id}: prompt {longest.id} has {len(longest.token_ids)} tokens and asks for {longest.n} "
        f"more; the model's context is {context} tokens"
    )
    if wanted.layout == "separate":
        raise UserError(
            f"{problem}; review {longest.review_ids[0]} is too long on its own: drop it from the data "
            "or take a model with a longer context"
        )
    fits = largest_fitting_n(reviews, wanted.n, context, texts, tokenizer)
    remedy = (
        f"the largest n that fits is {fits}" if fits > 1 else "no packed prompt fits; set layout: separate"
    )
    raise UserError(f"{problem}; {remedy}")


def largest_fitting_n(
    reviews: Sequence[NumberedReview], above: int, context: int, texts: PromptTexts, tokenizer: Tokenizer
) -> int:
    """The largest n below ``above`` whose every packed prompt fits ``context`` tokens; 1 if there is none."""

    def fits(n: int) -> bool:
        token_ids = tokenise(tokenizer, [render(members, "packed", texts) for members in group(reviews, n)])
        return all(
            len(ids) + len(members) <= context
            for ids, members in zip(token_ids, group(reviews, n), strict=True)
        )

    low, high = 1, above
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    # Groups shift with n, so "fits" need not be monotone: step down to one that does.
    while low > 1 and not fits(low):
        low -= 1
    return low


def summarise(prompts: Sequence[Prompt], wanted: PromptSet, content_sha256: str) -> dict[str, Any]:
    """Counts of a prompt file; tokens and requests are those of one pass."""
    longest = max(prompts, key=lambda prompt: len(prompt.token_ids) + prompt.n)
    return {
        "id": wanted.id,
        **asdict(wanted),
        "prompts": len(prompts),
        "prompt_tokens": sum(len(prompt.token_ids) for prompt in prompts),
        "labels": sum(prompt.n for prompt in prompts),
        "longest_prompt": {"id": longest.id, "tokens": len(longest.token_ids), "n": longest.n},
        "sha256": content_sha256,
    }


def write_prompts(prompts: Sequence[Prompt], path: Path) -> str:
    """Write the JSON lines and return the SHA-256 of the file's bytes."""
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for prompt in prompts:
            line = (json.dumps(vars(prompt), separators=(",", ":")) + "\n").encode()
            digest.update(line)
            file.write(line)
    return digest.hexdigest()
