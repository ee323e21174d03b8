"""Texts to prompts: the token ids, and the file that the engine replays."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from typing import Any

from tokenizers import Tokenizer

from batchscope.common.errors import UserError
from batchscope.config.prompts import LAYOUTS, PromptTexts
from batchscope.config.task import Task
from batchscope.inputs.chat import ChatTemplate
from batchscope.inputs.label_codes import codes_of
from batchscope.inputs.texts.source_text import SourceText, read_source_texts, where
from batchscope.inputs.tokens import Encoder, Guard, shown_prompt, spells_control
from batchscope.inputs.wording import Shown, Wording, render, wording_for
from batchscope.studies.run import PromptSet

NumberedText = tuple[int, SourceText]
Groups = list[Sequence[NumberedText]]

CHECKED = 20
"""Prompts of a set whose token ids are read back."""


@dataclass(frozen=True)
class Prompt:
    """One line of ``prompts.jsonl``: one request of a run."""

    id: int
    token_ids: list[int]
    text_ids: list[int]
    labels: list[str | None]
    """gold labels; None where a text has none"""
    layout: str
    n: int
    duplicate: int


def first_texts(path: Path, count: int) -> list[tuple[int, SourceText]]:
    """The first ``count`` texts of a normalised data set, each with its id.

    Raises:
        UserError: the data set holds fewer.
    """
    texts = read_source_texts(path)
    if len(texts) < count:
        raise UserError(f"texts: {count} asked, the data set holds {len(texts)}; lower 'texts' (or n) to fit")
    return list(enumerate(texts[:count]))


def group(texts: Sequence[NumberedText], n: int) -> Groups:
    """Consecutive groups of n; the last one holds what remains."""
    return [texts[start : start + n] for start in range(0, len(texts), n)]


@dataclass(frozen=True)
class Maker:
    """Makes the prompts of one set for one model."""

    wanted: PromptSet
    wording: Wording
    encoder: Encoder
    template: ChatTemplate | None = None

    def texts(self, groups: Sequence[Sequence[NumberedText]], mark: str = "") -> list[str]:
        """The whole text of each group's prompt, control tokens of a chat template and all."""
        return [self._whole(render(members, self.wording, mark)) for members in groups]

    @property
    def adds_special_tokens(self) -> bool:
        """Whether a tokenizer that gets `texts` is to add what it adds by itself, to come to the same ids."""
        tokenizer, added = self.encoder.tokenizer, self.encoder.added
        start = tokenizer.id_to_token(added[0]) if added else None
        return self.encoder.adds_start and not (start and self.wording.before.startswith(start))

    def guard(self, texts: Sequence[NumberedText]) -> Guard:
        """What keeps control tokens that these texts spell from being parsed."""
        return Guard(self.encoder.tokenizer, [text.content for _, text in texts])

    def token_ids(
        self, groups: Sequence[Sequence[NumberedText]], guard: Guard, mark: str = ""
    ) -> list[list[int]]:
        """The token ids of each group's prompt."""
        return self.encoder.encode(
            [self._whole(self._hidden(members, guard, mark)) for members in groups], guard
        )

    def _hidden(self, members: Sequence[NumberedText], guard: Guard, mark: str) -> str:
        """The wording and the texts in it, with marks for control tokens that are not meant."""
        if not self.wording.given:
            return guard.hide(render(members, self.wording, mark))
        shown = [(number, Shown(guard.hide(text.content))) for number, text in members]
        return render(shown, self.wording, mark)

    def _whole(self, text: str) -> str:
        return self.template.render(text) if self.template else text


def maker_of(
    wanted: PromptSet,
    wordings: PromptTexts,
    tokenizer: Tokenizer,
    task: Task | None = None,
    template: ChatTemplate | None = None,
) -> Maker:
    """What makes the prompts of a set, in a chat template if there is one.

    A wording that spells control tokens is a template that is written by hand: it is put into no other.
    """
    task = task or Task()
    wording = wording_for(wanted, wordings, task, chat=template is not None)
    if template is not None:
        # the tokenizer that vLLM's server uses
        encoder = Encoder(template.tokenizer or tokenizer, adds_start=False)
        if not (wording.given and spells_control(tokenizer, wording.before + wording.after)):
            return Maker(wanted, wording, encoder, template)
    return Maker(wanted, wording, Encoder(tokenizer))


def build_prompts(
    texts: Sequence[NumberedText],
    wanted: PromptSet,
    wordings: PromptTexts,
    tokenizer: Tokenizer,
    task: Task | None = None,
    template: ChatTemplate | None = None,
) -> list[Prompt]:
    """The prompts of one pass, duplicate by duplicate, so that copies of a prompt lie a whole pass apart."""
    return make_prompts(maker_of(wanted, wordings, tokenizer, task, template), texts)


def make_prompts(maker: Maker, texts: Sequence[NumberedText]) -> list[Prompt]:
    """The prompts of one pass, as `build_prompts` has them."""
    wanted, guard = maker.wanted, maker.guard(texts)
    orders = [group(each, wanted.n) for each in orders_of(texts, wanted)]
    marks = marks_of(wanted)
    token_ids = [
        maker.token_ids(groups, guard, mark) for groups, mark in zip(*_as_long(orders, marks), strict=True)
    ]
    copies = [
        (duplicate, orders[duplicate % len(orders)], token_ids[duplicate % len(token_ids)])
        for duplicate in range(wanted.duplicates)
    ]
    return [
        Prompt(
            id=duplicate * len(groups) + index,
            token_ids=ids[index],
            text_ids=[number for number, _ in members],
            labels=[text.label for _, text in members],
            layout=wanted.layout,
            n=len(members),
            duplicate=duplicate,
        )
        for duplicate, groups, ids in copies
        for index, members in enumerate(groups)
    ]


def orders_of(texts: Sequence[NumberedText], wanted: PromptSet) -> list[list[NumberedText]]:
    """The order of the texts in each duplicate, where these differ; else the one that all have."""
    orders = [list(texts)]
    for seed in range(1, wanted.duplicates if wanted.permuted else 1):
        orders.append(list(texts))
        Random(seed).shuffle(orders[-1])  # noqa: S311 -- no secret
    return orders


def _as_long(orders: list[Groups], marks: list[str]) -> tuple[list[Groups], list[str]]:
    """Orders and marks, as many of each: of one of the two there is only one."""
    most = max(len(orders), len(marks))
    return (orders * most)[:most], (marks * most)[:most]


def marks_of(wanted: PromptSet) -> list[str]:
    """What tells the duplicates of a prompt apart, one for each; a single empty one where nothing does."""
    return [str(number) for number in range(wanted.duplicates)] if wanted.marked else [""]


def check_prompts(maker: Maker, prompts: Sequence[Prompt], texts: Sequence[NumberedText]) -> None:
    """Read a sample of the prompts back from their token ids, spread over the set.

    Raises:
        UserError: one says something else than its text.
    """
    by_number = dict(texts)
    marks = marks_of(maker.wanted)
    step = max(1, len(prompts) // CHECKED)
    for prompt in prompts[::step]:
        members = [(number, by_number[number]) for number in prompt.text_ids]
        (text,) = maker.texts([members], marks[prompt.duplicate if maker.wanted.marked else 0])
        maker.encoder.check_decoded(f"{maker.wanted.id}: prompt {prompt.id}", prompt.token_ids, text)


def check_context(
    maker: Maker,
    prompts: Sequence[Prompt],
    context: int,
    texts: Sequence[NumberedText],
    asked: int | None = None,
) -> None:
    """Refuse prompts that the model cannot hold, each with one output token a text.

    Args:
        maker: what made the prompts.
        prompts: all of a set.
        context: tokens that prompt and output may have together.
        texts: the texts in them.
        asked: ``max_model_len`` of the runs, where it is what limits the context.

    Raises:
        UserError: names the longest prompt, the limit, and the largest n that fits.
    """
    longest = max(prompts, key=lambda prompt: len(prompt.token_ids) + prompt.n)
    if len(longest.token_ids) + longest.n <= context:
        return
    wanted = maker.wanted
    limit, hint = (
        ("max_model_len", ": raise engine.args.max_model_len") if asked else ("the model's context", "")
    )
    problem = (
        f"{wanted.id}: prompt {longest.id} has {len(longest.token_ids)} tokens and asks for {longest.n} "
        f"more; {limit} is {context} tokens{hint}"
    )
    fits = largest_fitting_n(maker, texts, wanted.n, context) if LAYOUTS[wanted.layout].packs else 1
    if fits > 1:
        raise UserError(f"{problem}; the largest n that fits is {fits}")
    remedy = _too_long(maker, texts, context) or "no packed prompt fits; set layout: separate"
    raise UserError(f"{problem}; {remedy}")


def _too_long(maker: Maker, texts: Sequence[NumberedText], context: int) -> str | None:
    """What to do about texts that no prompt holds, not even alone; None if there are none."""
    alone = maker.token_ids(group(texts, 1), maker.guard(texts))
    found = [(len(ids), member) for ids, member in zip(alone, texts, strict=True) if len(ids) + 1 > context]
    if not found:
        return None
    tokens, (_, longest) = max(found, key=lambda each: each[0])
    others = f" (nor {len(found) - 1} others)" if found[1:] else ""
    return (
        f"{where(longest)} is too long on its own ({tokens} tokens) and no layout holds it{others}: "
        "cut texts (workload.text_tokens), drop what is too long, or take a model with a longer context"
    )


def largest_fitting_n(maker: Maker, texts: Sequence[NumberedText], above: int, context: int) -> int:
    """The largest n below ``above`` whose every packed prompt fits ``context`` tokens; 1 if there is none."""
    guard = maker.guard(texts)

    def fits(n: int) -> bool:
        groups = group(texts, n)
        return all(
            len(ids) + len(members) <= context
            for ids, members in zip(maker.token_ids(groups, guard), groups, strict=True)
        )

    low, high = 1, above
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    # Groups shift with n, so "fits" need not be monotone: step down to one that does.
    while low > 1 and not fits(low):
        low -= 1
    return low


def label_token_ids(
    tokenizer: Tokenizer, task: Task | None = None, answer: str = "free"
) -> dict[str, list[int]]:
    """Tokens that stand for each label: its name, or its code, after a blank or not, if that is one."""
    task = task or Task()
    words = codes_of(task) if answer == "codes" else {name: name for name in task.names}
    ids = {
        label: [
            tokenizer.encode(form, add_special_tokens=False).ids for form in dict.fromkeys((f" {word}", word))
        ]
        for label, word in words.items()
    }
    return {
        label: list(dict.fromkeys(each[0] for each in both if len(each) == 1)) for label, both in ids.items()
    }


def summarise(
    prompts: Sequence[Prompt],
    maker: Maker,
    content_sha256: str,
    label_tokens: Mapping[str, list[int]],
) -> dict[str, Any]:
    """Counts of a prompt file; tokens and requests are those of one pass."""
    wanted, tokenizer = maker.wanted, maker.encoder.tokenizer
    longest = max(prompts, key=lambda prompt: len(prompt.token_ids) + prompt.n)
    return {
        "id": wanted.id,
        **asdict(wanted),
        "prompts": len(prompts),
        "prompt_tokens": sum(len(prompt.token_ids) for prompt in prompts),
        "labels": sum(prompt.n for prompt in prompts),
        "longest_prompt": {"id": longest.id, "tokens": len(longest.token_ids), "n": longest.n},
        "label_token_ids": dict(label_tokens),
        "chat": maker.template is not None,
        "adds_special_tokens": maker.adds_special_tokens,
        "example": shown_prompt(tokenizer, min(prompts, key=lambda each: len(each.token_ids)).token_ids),
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


def write_texts(maker: Maker, texts: Sequence[NumberedText], path: Path) -> None:
    """Write the text of each prompt, one JSON string a line, in the order of the prompts.

    Copies of a prompt that have the same text have one line: line ``id % lines`` is that of a prompt.
    """
    groups = group(texts, maker.wanted.n)
    with path.open("w", encoding="utf-8") as file:
        for mark in marks_of(maker.wanted):
            file.writelines(json.dumps(text) + "\n" for text in maker.texts(groups, mark))
