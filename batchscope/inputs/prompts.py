"""Reviews to prompts: the wording, the token ids, and the file that the engine replays."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from tokenizers import Tokenizer

from batchscope.common.errors import UserError
from batchscope.config.prompts import LAYOUTS, LayoutName, PromptTexts
from batchscope.inputs.texts.reviews import Label, Review, read_reviews
from batchscope.studies.run import PromptSet

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


@dataclass(frozen=True)
class Wording:
    """What stands around the reviews of a prompt, and between them."""

    before: str
    after: str
    separator: str


def wording_of(texts: PromptTexts, layout: LayoutName, instruction: str = "last") -> Wording:
    """The wording of a layout with its instruction ``last`` or ``first``."""
    return Wording(*texts.around(layout, instruction), texts.separator)


def render(reviews: Sequence[NumberedReview], wording: Wording, mark: str = "") -> str:
    """The text of one prompt.

    ``mark`` stands where the instruction begins, behind the line breaks that end the reviews: prompts that
    differ in it alone share their reviews' tokens and no more.
    """
    text = wording.separator.join(review.text for _, review in reviews)
    instruction = wording.after.lstrip("\n")
    breaks = wording.after.removesuffix(instruction)
    return wording.before + text + breaks + mark + instruction


def tokenise(tokenizer: Tokenizer, texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text, special tokens included; all cores work on one batch."""
    return [encoding.ids for encoding in tokenizer.encode_batch_fast(list(texts))]


def build_prompts(
    reviews: Sequence[NumberedReview], wanted: PromptSet, texts: PromptTexts, tokenizer: Tokenizer
) -> list[Prompt]:
    """The prompts of one pass, duplicate by duplicate, so that copies of a prompt lie a whole pass apart."""
    groups = group(reviews, wanted.n)
    wording = wording_of(texts, wanted.layout, wanted.instruction)
    marks = [str(number) for number in range(wanted.duplicates)] if wanted.marked else [""]
    token_ids = [
        tokenise(tokenizer, [render(members, wording, mark) for members in groups]) for mark in marks
    ]
    return [
        Prompt(
            id=duplicate * len(groups) + index,
            token_ids=token_ids[duplicate if wanted.marked else 0][index],
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
    if not LAYOUTS[wanted.layout].packs:
        raise UserError(
            f"{problem}; review {longest.review_ids[0]} is too long on its own: drop it from the data "
            "or take a model with a longer context"
        )
    wording = wording_of(texts, wanted.layout, wanted.instruction)
    fits = largest_fitting_n(reviews, wanted.n, context, wording, tokenizer)
    remedy = (
        f"the largest n that fits is {fits}" if fits > 1 else "no packed prompt fits; set layout: separate"
    )
    raise UserError(f"{problem}; {remedy}")


def largest_fitting_n(
    reviews: Sequence[NumberedReview],
    above: int,
    context: int,
    wording: Wording,
    tokenizer: Tokenizer,
) -> int:
    """The largest n below ``above`` whose every packed prompt fits ``context`` tokens; 1 if there is none."""

    def fits(n: int) -> bool:
        token_ids = tokenise(tokenizer, [render(members, wording) for members in group(reviews, n)])
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


def label_token_ids(tokenizer: Tokenizer) -> dict[str, list[int]]:
    """Tokens that stand for each label: its word, after a blank or not, where that is one token."""
    forms = {label: [f" {label}", label] for label in get_args(Label)}
    ids = {
        label: [tokenizer.encode(form, add_special_tokens=False).ids for form in both]
        for label, both in forms.items()
    }
    return {label: [each[0] for each in both if len(each) == 1] for label, both in ids.items()}


def summarise(
    prompts: Sequence[Prompt], wanted: PromptSet, content_sha256: str, label_tokens: Mapping[str, list[int]]
) -> dict[str, Any]:
    """Counts of a prompt file; tokens and requests are those of one pass."""
    longest = max(prompts, key=lambda prompt: len(prompt.token_ids) + prompt.n)
    return {
        "id": wanted.id,
        **asdict(wanted),
        "prompts": len(prompts),
        "prompt_tokens": sum(len(prompt.token_ids) for prompt in prompts),
        "labels": sum(prompt.n for prompt in prompts),
        "longest_prompt": {"id": longest.id, "tokens": len(longest.token_ids), "n": longest.n},
        "label_token_ids": dict(label_tokens),
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
