"""Texts to token ids: one start token, and control tokens that a text spells stay text.

A tokenizer parses control tokens such as ``<|im_end|>`` wherever they stand. Those of a chat template, or of
a wording, are meant; those inside a text to be labelled are not, and would end the user's message there. So
what a text spells is kept out of the way (`Guard`) until the prompt is whole, and such a prompt is tokenised
by a twin of the tokenizer that knows its control tokens by other names. Prompts whose texts spell none, which
is nearly all, are tokenised as they are.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

from tokenizers import Tokenizer

from batchscope.common.errors import UserError

MARKUP = re.compile(r"<[^<>\s]+>")
"""Added tokens that control a model though they are not called special, such as ``<think>``."""

BYTE = re.compile(r"<0x[0-9A-F]{2}>")
"""The piece of a vocabulary that stands for a byte; it controls nothing."""

PRIVATE = range(0xF0000, 0xFFFFE)
"""Characters that no text means anything by."""


def control_tokens(tokenizer: Tokenizer) -> dict[str, int]:
    """The tokens that control the model, by what spells them, with their ids."""
    added = tokenizer.get_added_tokens_decoder()
    return {
        token.content: number
        for number, token in added.items()
        if token.content.strip()
        and (token.special or MARKUP.fullmatch(token.content))
        and not BYTE.fullmatch(token.content)
    }


def spells_control(tokenizer: Tokenizer, text: str) -> bool:
    """Whether a text spells one of the tokenizer's control tokens."""
    return any(spelling in text for spelling in control_tokens(tokenizer))


class Guard:
    """Puts marks where a text spells a control token, and the spellings back.

    Args:
        tokenizer: the model's.
        texts: all that will be guarded; marks are made of characters that none of them holds.
    """

    def __init__(self, tokenizer: Tokenizer, texts: Iterable[str]) -> None:
        self._tokenizer = tokenizer
        self._spellings = list(control_tokens(tokenizer))
        self._pattern = _pattern_of(self._spellings)
        used = {character for text in texts if self.spells(text) for character in text}
        self._edge, self._rim = islice((chr(code) for code in PRIVATE if chr(code) not in used), 2)
        self._marks = {text: f"{self._edge}{at}{self._edge}" for at, text in enumerate(self._spellings)}
        self._names = {text: f"{self._rim}{at}{self._rim}" for at, text in enumerate(self._spellings)}
        self._mark = re.compile(f"{self._edge}(\\d+){self._edge}")

    def spells(self, text: str) -> bool:
        """Whether a text spells a control token."""
        return bool(self._pattern and self._pattern.search(text))

    def hide(self, text: str) -> str:
        """The text with a mark for each control token that it spells."""
        return self._pattern.sub(lambda found: self._marks[found[0]], text) if self._pattern else text

    def hides(self, text: str) -> bool:
        """Whether a text holds marks."""
        return self._edge in text

    def restore(self, text: str) -> str:
        """What `hide` had been given."""
        return self._mark.sub(lambda found: self._spellings[int(found[1])], text)

    def renamed(self, text: str) -> str:
        """A text for the twin: its own control tokens by their other names, those behind marks as spelt."""
        if self._pattern:
            text = self._pattern.sub(lambda found: self._names[found[0]], text)
        return self.restore(text)

    @cached_property
    def twin(self) -> Tokenizer:
        """The same tokenizer with other names for its control tokens; their ids are the same."""
        return renaming(self._tokenizer, self._names)


def _pattern_of(spellings: Iterable[str]) -> re.Pattern[str] | None:
    """Finds the longest of the spellings at a place.

    Grouped by their first characters: some models have thousands, and texts have many a ``<``.
    """
    longest_first = sorted(spellings, key=len, reverse=True)
    groups: dict[str, list[str]] = {}
    for spelling in longest_first:
        groups.setdefault(spelling[:3], []).append(re.escape(spelling[3:]))
    starts = sorted(groups, key=len, reverse=True)
    parts = [f"{re.escape(start)}(?:{'|'.join(groups[start])})" for start in starts]
    return re.compile("|".join(parts)) if parts else None


def renaming(tokenizer: Tokenizer, names: Mapping[str, str]) -> Tokenizer:
    """The same tokenizer with other names for some of its tokens."""
    content: dict[str, Any] = json.loads(tokenizer.to_str())
    for added in content["added_tokens"]:
        added["content"] = names.get(added["content"], added["content"])
    model = content["model"]
    vocabulary = model.get("vocab")
    if isinstance(vocabulary, dict):
        model["vocab"] = {names.get(piece, piece): number for piece, number in vocabulary.items()}
    elif vocabulary:
        model["vocab"] = [[names.get(piece, piece), score] for piece, score in vocabulary]
    if isinstance(model.get("unk_token"), str):
        model["unk_token"] = names.get(model["unk_token"], model["unk_token"])
    return Tokenizer.from_str(json.dumps(content))


def tokenise(
    tokenizer: Tokenizer, texts: Sequence[str], *, add_special_tokens: bool = True
) -> list[list[int]]:
    """Token ids of each text; all cores work on one batch."""
    return [
        encoding.ids
        for encoding in tokenizer.encode_batch_fast(list(texts), add_special_tokens=add_special_tokens)
    ]


@dataclass(frozen=True)
class Encoder:
    """Prompts to token ids."""

    tokenizer: Tokenizer
    adds_start: bool = True
    """whether the tokenizer adds what it adds by itself; a chat template writes it out"""

    @cached_property
    def added(self) -> list[int]:
        """What the tokenizer adds to a prompt by itself: a start token, mostly."""
        return list(self.tokenizer.encode("").ids) if self.adds_start else []

    def encode(self, prompts: Sequence[str], guard: Guard) -> list[list[int]]:
        """Token ids of each prompt, whose texts ``guard`` has hidden; all cores work on one batch."""
        ids = self._ids(self.tokenizer, prompts)
        spelt = [place for place, prompt in enumerate(prompts) if guard.hides(prompt)]
        if spelt:
            again = self._ids(guard.twin, [guard.renamed(prompts[place]) for place in spelt])
            for place, right in zip(spelt, again, strict=True):
                ids[place] = right
        return ids

    def _ids(self, tokenizer: Tokenizer, prompts: Sequence[str]) -> list[list[int]]:
        found = tokenise(tokenizer, prompts, add_special_tokens=self.adds_start)
        return [self._with_one_start(token_ids) for token_ids in found]

    def _with_one_start(self, ids: list[int]) -> list[int]:
        """A wording that begins with the start token has it once."""
        return ids[1:] if self.added and ids[:2] == self.added[:1] * 2 else ids

    def check_decoded(self, where: str, token_ids: Sequence[int], text: str) -> None:
        """Check that a prompt's token ids say what they were made from.

        Blanks do not count, nor what the tokenizer's own normalisation changes. A prompt with a character
        that the vocabulary lacks is let pass.

        Raises:
            UserError: they say something else; shows where that begins, after ``where``.
        """
        said, meant = self._bare(token_ids), _bare(self.tokenizer, text)
        start, end, all_added = (self._bare(part) for part in (self.added[:1], self.added[1:], self.added))
        if said in (meant, start + meant, start + meant + end, meant + all_added):
            return
        if _unknown(self.tokenizer) in token_ids:
            return
        meant = start + meant if said.startswith(start) and not meant.startswith(start) else meant
        place = next((at for at, pair in enumerate(zip(said, meant, strict=False)) if pair[0] != pair[1]), 0)
        raise UserError(
            f"{where}: the token ids do not say what the prompt says: "
            f"'{said[place : place + 40]}' for '{meant[place : place + 40]}'; the model's tokenizer.json is "
            "damaged or of another model: fetch it again"
        )

    def _bare(self, token_ids: Sequence[int]) -> str:
        return _bare(self.tokenizer, self.tokenizer.decode(list(token_ids), skip_special_tokens=False))


def shown_prompt(tokenizer: Tokenizer, token_ids: Sequence[int], most: int = 2_000) -> str:
    """A prompt as the model gets it, control tokens visible; a long one without its middle."""
    text = str(tokenizer.decode(list(token_ids), skip_special_tokens=False))
    half = most // 2
    return text if len(text) <= most else f"{text[:half]} [...] {text[-half:]}"


def _bare(tokenizer: Tokenizer, text: str) -> str:
    if tokenizer.normalizer:
        text = tokenizer.normalizer.normalize_str(text)
    return "".join(text.replace("▁", " ").split())


def _unknown(tokenizer: Tokenizer) -> int | None:
    """The token that stands for what the vocabulary lacks."""
    model = json.loads(tokenizer.to_str())["model"]
    name = model.get("unk_token")
    return tokenizer.token_to_id(name) if name else model.get("unk_id")
